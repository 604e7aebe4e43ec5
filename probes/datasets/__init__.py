"""The annotated image datasets that can be probed."""
