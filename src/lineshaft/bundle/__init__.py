"""Engine -> signed bundle: pack, certify, sign, verify."""
