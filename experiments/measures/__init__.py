"""What several questions measure: halves of inputs, shuffled masks, correlations, agreement of people."""
