"""A plugin of pytest: of all tests only those that tell a figure run."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    told = [item for item in items if {"figure", "tally"} & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in told])
    items[:] = told
