"""The worlds of the demos, made on the spot, with what is planted in them."""
