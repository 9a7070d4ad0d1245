"""Fewer bits for the same graph: float16, dynamic int8, and static int8 with ranges seen in calibration."""
