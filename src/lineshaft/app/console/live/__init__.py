"""What moves on a screen: samples as they arrive, the node's pulse, and the socket that carries both."""
