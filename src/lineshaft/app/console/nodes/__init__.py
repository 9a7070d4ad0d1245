"""What the page of nodes asks: latency, inputs, lives, logs. Knows no HTTP."""
