"""Parts of the ``hls`` backend."""
