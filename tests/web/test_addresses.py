"""Addresses are remembered from one page to the next, but never those of another feature."""

from __future__ import annotations

from typing import Any

from app.web.page import address


def test_a_short_name_means_the_feature_of_the_page(app: Any) -> None:
    for _ in range(2):
        for home in ("/calendars", "/settings", "/rectifications"):
            with app.test_request_context(home):
                assert address(".index") == home
