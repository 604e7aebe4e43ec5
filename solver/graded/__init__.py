"""Formulas scored on activations as they are, without a threshold."""
