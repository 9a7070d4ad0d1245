"""Plant -> samples: one folder a protocol, read and guarded write."""
