"""Dataset -> model -> graph: blocks, learners, honest evaluation."""
