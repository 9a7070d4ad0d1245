"""How each foreign operator is said in canonical ones: one family a module, found by listing this folder."""
