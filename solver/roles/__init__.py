"""Linear programs over the roles that concepts play in a long chain; the proof is in `checking/roles.py`."""
