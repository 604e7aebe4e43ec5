"""Branch and bound over chains of any length, from the last operator inwards."""
