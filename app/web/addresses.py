"""What an address may hold."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**31 - 1  # that an id can be; PostgreSQL refuses to compare one with more


class RowId(IntegerConverter):
    """A whole number in an address; one that no row can have leads to no page."""

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:
        super().__init__(url_map, *args, **{"max": LARGEST, **options})
