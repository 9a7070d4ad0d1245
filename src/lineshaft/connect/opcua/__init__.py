"""OPC UA: client, simulator, and the server that shows a node's decisions."""
