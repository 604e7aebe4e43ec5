"""Sentence-pair models: the paper's architecture, its training, and probing any such model."""
