"""The walk over sets of concepts: the exact search at lengths up to five, over chains and trees."""
