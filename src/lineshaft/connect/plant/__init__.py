"""The demo plant: a process cell computed from first principles, with faults that can be injected."""
