"""Rules, labels and forms load without the framework; run in a process of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.registry import FEATURES
from tests.architecture.source import ROOT, modules
from tests.architecture.test_layers import room_of

PROBE = """
import importlib, sys
forbidden, names = sys.argv[1].split(","), sys.argv[2].split(",")
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in forbidden:
            raise ImportError(f"{name} is behind the wall")
sys.meta_path.insert(0, Wall())
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""
FRAMEWORK = (
    "flask,sqlalchemy,jinja2,werkzeug,weasyprint,flask_login,flask_wtf,flask_babel,huey,PIL,psycopg,argon2"
)
PURE = [name for name in modules() if name.startswith("app.core") or (room_of(name) or "..")[1] == "rules"]
WORDS = [name for name in modules() if (room_of(name) or "..")[1] == "labels"]
FORMS = [name for name in modules() if (room_of(name) or "..")[1] == "forms"]


@pytest.mark.parametrize(
    ("forbidden", "names"),
    [
        (f"{FRAMEWORK},wtforms", [*PURE, *WORDS, "app.permissions", "app.clock", "app.audit.chain"]),
        (FRAMEWORK, [*FORMS, "app.fields"]),
        (f"{FRAMEWORK},wtforms", ["app", "app.registry", "app.config"]),
    ],
    ids=["rules and labels", "forms", "what every command loads"],
)
def test_rooms_load_without_the_framework(forbidden: str, names: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, forbidden, ",".join(names)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_probe_sees_what_it_looks_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "sqlalchemy", "app.db.types"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "behind the wall" in done.stdout


def test_every_feature_with_tables_has_rules_and_labels() -> None:
    for feature in FEATURES:
        if f"app.{feature.name}.models" in modules():
            assert {f"app.{feature.name}.rules", f"app.{feature.name}.labels"} <= modules().keys(), feature
