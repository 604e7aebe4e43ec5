"""What the commands do: from the options typed to answers printed and kept."""
