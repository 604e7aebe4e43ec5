"""Probe a transformer on the words, or the sub-words, of annotated sentences."""
