"""The style sheet as it is sent: pruned, and nothing missing that it needs itself."""

from __future__ import annotations

import re
from typing import Any

LEFT_TO_THE_SITE = {"--bs-body-text-align"}  # Bootstrap names it and defines it nowhere


def test_every_value_that_the_style_sheet_names_is_defined(anonymous: Any) -> None:
    sheet = anonymous.get("/assets/app.css").text
    assert sheet.startswith('@charset "UTF-8";:root,')  # where the vendor's values belong to every page
    named = set(re.findall(r"var\((--[\w-]+)\)", sheet))
    assert len(named) > 100
    assert named - set(re.findall(r"(--[\w-]+)\s*:", sheet)) == LEFT_TO_THE_SITE
