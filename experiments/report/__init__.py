"""The pages about a run: static, opened from disk."""
