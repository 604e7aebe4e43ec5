"""Formulas that no other beats in false positives and false negatives."""
