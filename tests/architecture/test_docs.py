"""Every setting, command and feature stands in the README, in both languages."""

from __future__ import annotations

import re

import click
import pytest

from app import create_app
from app.registry import FEATURES
from tests.architecture.source import APP, ROOT
from tests.databases import settings

READMES = ("README.md", "README.zh-CN.md")


def variables() -> set[str]:
    source = "".join(path.read_text() for path in APP.rglob("*.py")) + (ROOT / "duban").read_text()
    return set(re.findall(r"\b((?:DUBAN|DATABASE)_[A-Z_]*[A-Z]\b)", source)) | {"TEST_DATABASE_URL"}


def commands(group: click.Group, prefix: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix}{name} ")
        else:
            found.append(prefix + name)
    return found


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_is_explained(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert not [name for name in sorted(variables()) if name not in text]


@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_named(readme: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    app = create_app(settings(tmp_path_factory.mktemp("docs")))
    assert not [name for name in commands(app.cli) if name not in text]


@pytest.mark.parametrize("readme", READMES)
def test_every_feature_is_named(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert not [feature.name for feature in FEATURES if feature.name not in text]


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_somewhere(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    assert not [target for target in targets if target and not (ROOT / target).exists()]


def test_no_two_decisions_share_a_number() -> None:
    numbers = sorted(int(path.name[:3]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert len(set(numbers)) == len(numbers)
