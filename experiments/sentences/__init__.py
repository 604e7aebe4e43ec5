"""Findings about units of sentence-pair models, and edits of sentence pairs that their formulas suggest."""
