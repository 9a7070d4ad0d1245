"""The web console: a screen that plant people keep open, in a process of its own beside ``lineshaft run``."""
