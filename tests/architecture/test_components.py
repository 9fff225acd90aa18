"""What the application is made of: listed, licensed, locked; nothing in our own code that a linter fears."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from typing import Any

from app import components, create_app
from tests.architecture.source import ROOT
from tests.databases import settings

# Words of licences under which an application of ours may use a package without becoming one itself.
GOOD = re.compile(r"MIT|BSD|Apache|OFL|0BSD|ISC|PSF|LGPL|Lesser General|MPL|HPND|Unlicense", re.IGNORECASE)


def test_every_package_is_locked_with_hashes_and_installed_as_locked(figure: Any) -> None:
    text = (ROOT / "requirements/app.txt").read_text()
    blocks = re.split(r"\n(?=\S)", text)
    bare = [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert not bare, f"locked without a hash: {bare}"
    locked = components.locked()
    present = {name: version for name, version, _ in components.parts()}
    assert all(locked[name] == version for name, version in present.items())
    figure("S16", "packages locked with hashes", len(locked), bar="all", held=not bare)


def test_every_licence_is_known_and_lets_us_use_it(figure: Any) -> None:
    unfit = {name: words for name, _, words in components.parts() if not GOOD.search(words)}
    assert not unfit, unfit
    figure("S16", "packages without a known licence", len(unfit), bar="0", held=not unfit)


def test_the_list_is_whole_and_can_be_read_by_others(tmp_path: Any, figure: Any) -> None:
    app = create_app(settings(tmp_path))
    listed = json.loads(app.test_cli_runner().invoke(app.cli, ["sbom"]).output)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    marks = [part["bom-ref"] for part in listed["components"]]
    assert len(marks) == len(set(marks)) == len(components.parts()) > 40
    assert all(part["licenses"] and part["purl"] == part["bom-ref"] for part in listed["components"])
    refs = {each["ref"] for each in listed["dependencies"]}
    assert refs == {"duban", *marks}
    assert all(set(each["dependsOn"]) <= set(marks) for each in listed["dependencies"])
    named = re.findall(r'^  "([\w-]+)', (ROOT / "pyproject.toml").read_text().split("]\n")[0], re.MULTILINE)
    assert {name.lower() for name in named} <= {part["name"] for part in listed["components"]}
    words = app.test_cli_runner().invoke(app.cli, ["sbom", "--licences"]).output
    assert len(words.splitlines()) == len(marks)
    figure("S16", "components in the CycloneDX list", len(marks), bar="all installed", held=True)


def test_the_linter_of_dangerous_calls_finds_nothing(figure: Any) -> None:
    """Ruff's S rules are those of bandit; what is excused says why on its line."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--select",
            "S",
            "--output-format",
            "json",
            "app",
            "tools",
            "wsgi.py",
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert not found, [f"{each['filename']}:{each['location']['row']} {each['code']}" for each in found]
    figure("S16", "findings of ruff's S (bandit) rules in app and tools", len(found), bar="0 high", held=True)


def test_nothing_runs_but_what_the_lock_names() -> None:
    """Every package that the application imports from is locked."""
    owners = importlib.metadata.packages_distributions()
    source = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))
    roots = set(re.findall(r"^\s*(?:from|import) (\w+)", source, re.MULTILINE))
    needed = {owner.lower().replace("_", "-") for root in roots for owner in owners.get(root, ())}
    assert needed <= components.locked().keys() | {"duban"}, needed - components.locked().keys()
