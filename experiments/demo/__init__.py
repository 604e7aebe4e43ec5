"""The demos: worlds made on the spot, with what is planted in them, and the whole path over each."""
