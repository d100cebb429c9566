"""What every test may use: the fixtures ``rooms`` and ``netwrap`` and one set of examples."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from rooms import netwrap, rooms

__all__ = ["netwrap", "rooms"]

# The same examples in every run: what is random is tests/fuzz/run.py.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``root`` are skipped with the reason where they cannot run."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: makes network namespaces"))
