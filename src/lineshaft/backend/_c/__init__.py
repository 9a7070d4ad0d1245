"""What the ``c`` backend is made of: printing, building, loading."""
