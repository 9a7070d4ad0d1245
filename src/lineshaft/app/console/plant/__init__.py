"""The plant page: levels, states rolled up, normal bands, the last minutes."""
