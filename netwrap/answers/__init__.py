"""Answers about a host, as records. Nothing runs here, nothing is printed."""
