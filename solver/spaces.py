"""The spaces of formulas that are searched: the paper's chains, and all trees of AND, OR and NOT."""

SPACES = ("chain", "tree")
