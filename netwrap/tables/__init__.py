"""Tables and other text made from records."""
