"""What must not be in the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

OURS = Path(__file__).name
HOSTS = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|registry\.yarnpkg|unpkg\.com|jsdelivr|cdnjs|"
    r"index-url|extra-index|trusted-host|mirrors?\.[\w-]+\.\w+|googleapis\.com|artifactory|nexus)",
    re.IGNORECASE,
)
SECRETS = re.compile(
    r"BEGIN (RSA |EC |OPENSSH |)PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_\w{30}|\bxox[bp]-\w{10}|"
    r"(SECRET_KEY|FIELD_KEY|SIGNING_KEY)=[0-9a-fA-F]{32}"
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TEXT = {".py", ".html", ".css", ".js", ".md", ".toml", ".txt", ".ini", ".sh", ".po", ".yml", ".svg", ""}


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file that git keeps or would keep."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts(files: list[Path]) -> list[tuple[Path, str]]:
    return [
        (path, path.read_text(encoding="utf-8"))
        for path in files
        if path.suffix in TEXT and path.name != OURS
    ]


def test_no_package_registry_is_named(files: list[Path]) -> None:
    found = {str(path): match[0] for path, text in texts(files) if (match := HOSTS.search(text))}
    assert not found, found


def test_no_secret_is_kept(files: list[Path]) -> None:
    found = [str(path) for path, text in texts(files) if SECRETS.search(text)]
    found += [str(path) for path in files if path.suffix in (".secret", ".pem", ".key", ".db", ".sqlite")]
    assert not found, found


def test_nothing_is_left_for_later(files: list[Path]) -> None:
    found = {str(path): match[0] for path, text in texts(files) if (match := UNFINISHED.search(text))}
    assert not found, found


def test_nothing_of_others_is_shipped(files: list[Path]) -> None:
    """Bootstrap, htmx and the fonts come out of their packages."""
    minified = [
        str(path)
        for path in files
        if ".min." in path.name
        or (path.suffix in (".js", ".css") and max(map(len, path.read_text().splitlines()), default=0) > 500)
    ]
    fonts = [str(path) for path in files if path.suffix in (".ttf", ".otf", ".woff", ".woff2")]
    assert not minified + fonts


def test_files_are_small(files: list[Path]) -> None:
    big = {str(path): path.stat().st_size for path in files if path.stat().st_size > 512 * 1024}
    assert not big, big


def test_no_test_is_skipped(files: list[Path]) -> None:
    marks = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|# *noqa *$", re.MULTILINE)
    found = [
        str(path)
        for path, text in texts(files)
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests") and marks.search(text)
    ]
    assert not found, found
