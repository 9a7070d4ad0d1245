"""``lineshaft demo``: a plant, its past, a monitor, a node, a fault, an alarm with its cause; all of it real."""
