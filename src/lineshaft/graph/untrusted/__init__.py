"""Models from strangers: refused with a sentence before anything crashes, hangs or fills the memory over them."""
