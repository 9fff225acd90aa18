from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.attachments import imaging, rules, services, store
from app.attachments.rules import FileKind, MediaType
from app.core.errors import Invalid
from app.web.files import send_evidence
from tests.factories.inspections import room_enough

ROOT = Path(__file__).resolve().parents[2]


def keep(root: Path, content: bytes) -> str:
    with store.receiving(root, io.BytesIO(content), FileKind.PHOTO, "x") as arrival:
        return arrival.sha256


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_original_stands_under_its_hash_byte_for_byte(tmp_path: Path) -> None:
    content = os.urandom(700_000)
    sha256 = keep(tmp_path, content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    path = store.path_of(tmp_path, sha256)
    assert files(tmp_path) == [f"{sha256[:2]}/{sha256[2:4]}/{sha256}"]
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_the_same_content_is_stored_once(tmp_path: Path) -> None:
    path = store.path_of(tmp_path, keep(tmp_path, b"same"))
    before = path.stat()
    keep(tmp_path, b"same")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert path.stat().st_nlink == 1
    assert len(files(tmp_path)) == 1


def test_nothing_remains_of_a_refused_or_interrupted_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"“大\.jpg”超过 20 MB") as refusal:
        services.receive(
            tmp_path, io.BytesIO(b"\xff\xd8\xff" + bytes(rules.LIMITS[FileKind.PHOTO])), "大.jpg", room_enough
        )
    assert refusal.value.field == "photos"
    with pytest.raises(RuntimeError), store.receiving(tmp_path, io.BytesIO(b"x"), FileKind.PHOTO, "x"):
        raise RuntimeError
    assert files(tmp_path) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_file_of_just_the_largest_size_is_kept(tmp_path: Path) -> None:
    sha256 = keep(tmp_path, bytes(rules.LIMITS[FileKind.PHOTO]))
    assert store.path_of(tmp_path, sha256).stat().st_size == rules.LIMITS[FileKind.PHOTO]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "..\\..\\win.ini",
        "%2e%2e%2f" * 8,
        "a" * 63,
        "a" * 65,
        "A" * 64,
        "g" * 64,
        "a" * 64 + "\n",
        "a" * 64 + "\0",
        "a" * 61 + "/..",
        "../" + "a" * 61,
        "ab/cd/" + "a" * 58,
        "ａ" * 64,
        "٠" * 64,
        "a" * 64 + "-320.jpg",
        "previews" + "a" * 56,
    ],
)
def test_only_a_hash_names_a_place(tmp_path: Path, name: str) -> None:
    for place in (
        lambda: store.path_of(tmp_path, name),
        lambda: store.preview_path(tmp_path, name, rules.SMALL),
        lambda: imaging.ensure_preview(tmp_path, name, rules.SMALL),
        lambda: send_evidence(tmp_path, name, MediaType.JPEG, "original"),
    ):
        with pytest.raises(ValueError, match="SHA-256"):
            place()
    assert list(tmp_path.iterdir()) == []


def test_two_processes_may_store_the_same_content_at_once(tmp_path: Path) -> None:
    script = (
        "import io, sys; from pathlib import Path; from app.attachments import store\n"
        "from app.attachments.rules import FileKind\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for n in range(40):\n"
        "    content = (str(n) * 200_000).encode()\n"
        "    with store.receiving(Path(sys.argv[1]), io.BytesIO(content), FileKind.PHOTO, 'x'): pass\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    kept = [tmp_path / name for name in files(tmp_path)]
    assert len(kept) == 40
    assert all(path.name == hashlib.sha256(path.read_bytes()).hexdigest() for path in kept)
