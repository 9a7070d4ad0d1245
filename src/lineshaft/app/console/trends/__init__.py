"""History as the console draws it: lines, quality, normal bands, decisions, files. No HTTP."""
