"""A run: the engines, the units they work on, the folder that keeps what they find, and its rechecking."""
