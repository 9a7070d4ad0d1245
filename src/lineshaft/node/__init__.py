"""Bundle + samples -> decisions: the real-time loop beside the machine."""
