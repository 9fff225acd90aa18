"""Settings with which a site refuses to start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.config import KEYS, SettingsError, load

GOOD = {name: f"{number}f0e1d2c3b4a5968778695a4b3c2d1e0f" for number, name in enumerate(KEYS)}
UNSAFE: dict[str, tuple[dict[str, str], str]] = {
    **{f"without {name}": ({name: ""}, name) for name in KEYS},
    **{f"a short {name}": ({name: "0123456789abcdef"}, name) for name in KEYS},
    **{f"{name} of one letter": ({name: "x" * 64}, name) for name in KEYS},
    **{f"{name} of a word": ({name: "changeme" * 5}, name) for name in KEYS},
    "one key for two purposes": ({KEYS[0]: GOOD[KEYS[1]]}, "differ"),
    "one key for all": (dict.fromkeys(KEYS, GOOD[KEYS[0]]), "differ"),
    "debug": ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
    "debug in words": ({"FLASK_DEBUG": "True"}, "FLASK_DEBUG"),
    "an unknown environment": ({"DUBAN_ENV": "prod"}, "DUBAN_ENV"),
}


def start(tmp_path: Path, **over: str) -> Any:
    """Load settings of a production site, which is what a site is unless it says otherwise."""
    return load({"DUBAN_INSTANCE": str(tmp_path / "site"), **GOOD, **over})


@pytest.mark.parametrize("name", UNSAFE)
def test_production_does_not_start(tmp_path: Path, name: str, figure: Any) -> None:
    over, said = UNSAFE[name]
    with pytest.raises(SettingsError, match=said) as refused:
        start(tmp_path, **over)
    assert not any(value and value in str(refused.value) for key, value in over.items() if key in KEYS)
    assert not (tmp_path / "site").exists(), "nothing was made up in its place"
    figure("S16", f"refuses to start: {name}", 1, bar="refused", held=True)


def test_production_starts_with_three_good_keys_and_shows_none(tmp_path: Path) -> None:
    settings = start(tmp_path, FLASK_DEBUG="0")
    assert settings.env == "production"
    assert not any(key in repr(settings) for key in GOOD.values())


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(f"{'0123456789abcdef' * 4}\n")
    assert start(tmp_path, **{KEYS[0]: "", f"{KEYS[0]}_FILE": str(key)}).secret_key == "0123456789abcdef" * 4


def test_elsewhere_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first, second = (load({"DUBAN_ENV": "demo", "DUBAN_INSTANCE": str(tmp_path)}) for _ in range(2))
    assert (first.secret_key, first.signing_key) == (second.secret_key, second.signing_key)
    assert len({first.secret_key, first.field_key, first.signing_key}) == len(KEYS)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.secret")} == {0o600}
