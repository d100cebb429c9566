"""Fuzzing of the parsers: tables that are valid, and captures that are damaged."""
