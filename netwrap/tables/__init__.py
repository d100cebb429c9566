"""Records become text."""
