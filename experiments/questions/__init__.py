"""The paper's questions, and a sceptic's: one file each, one table and one figure each."""
