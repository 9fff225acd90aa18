"""What the application is made of, and under which licences: a CycloneDX list from the installed packages."""

from __future__ import annotations

import importlib.metadata as installed
import re
from typing import Any

from app.config import ROOT

_LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
_NEEDED = re.compile(r"^[\w.-]+")
_MIT = "Permission is hereby granted, free of charge"


def locked() -> dict[str, str]:
    """Return {name: version} of requirements/app.txt."""
    return dict(_LOCKED.findall((ROOT / "requirements/app.txt").read_text()))


def licence(name: str) -> str:
    """Return the licence that a package declares, in its own words; empty if it declares none."""
    about = installed.metadata(name).json
    if expression := about.get("license_expression"):
        return str(expression)
    words = str(about.get("license", ""))
    if words and "\n" not in words and words != "UNKNOWN":
        return words
    kinds = [str(kind) for kind in about.get("classifier", ()) if str(kind).startswith("License ::")]
    return " OR ".join(kind.rpartition(" :: ")[2] for kind in kinds) or _by_its_text(name)


def _by_its_text(name: str) -> str:
    texts = (file.read_text() for file in installed.files(name) or () if "LICENSE" in file.name)
    return "MIT" if any(_MIT in text for text in texts) else ""


def parts() -> list[tuple[str, str, str]]:
    """Return (name, version, licence) of every locked package that this machine has."""
    found = []
    for name in sorted(locked()):
        try:
            found.append((name, installed.version(name), licence(name)))
        except installed.PackageNotFoundError:  # locked for another kind of machine
            continue
    return found


def bill_of_materials() -> dict[str, Any]:
    """Return the list as CycloneDX 1.6; the same packages give the same list."""
    known = parts()
    marks = {name: f"pkg:pypi/{name}@{version}" for name, version, _ in known}
    own = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "duban",
                "name": "duban",
                "version": own[1] if own else "",
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": marks[name],
                "name": name,
                "version": version,
                "purl": marks[name],
                "licenses": [{"license": {"name": words}}],
            }
            for name, version, words in known
        ],
        "dependencies": [
            {"ref": "duban", "dependsOn": sorted(marks.values())},
            *({"ref": marks[name], "dependsOn": _needs(name, marks)} for name in marks),
        ],
    }


def _needs(name: str, marks: dict[str, str]) -> list[str]:
    """Return the marks of what a package asks for without extras, as far as it is among the locked ones."""
    asked = [need for need in installed.requires(name) or () if "extra ==" not in need]
    names = {re.sub(r"[-_.]+", "-", found[0]).lower() for need in asked if (found := _NEEDED.match(need))}
    return sorted(marks[each] for each in names & marks.keys())
