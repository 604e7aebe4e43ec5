"""Sentence pairs, what a linguist would annotate in them, and the concepts made of that."""
