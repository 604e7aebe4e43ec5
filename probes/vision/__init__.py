"""Probes of image models: masks, thresholds, counts, and what the probe notes of them."""
