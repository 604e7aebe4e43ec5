"""Local search over chains of any length: a part of a formula is taken out and put together anew."""
