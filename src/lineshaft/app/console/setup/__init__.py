"""Set-up without HTTP: changes to lineshaft.toml, sources that are looked at, the stretch to learn from."""
