"""People -> flow: where the stages meet."""
