"""Sections become a host: namespaces, their tables, and how they hang together."""
