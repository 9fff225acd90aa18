from __future__ import annotations

import unicodedata
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attachments import labels, rules
from app.attachments.rules import AttachmentKind, FileKind, MediaType
from app.core.errors import Invalid


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", FileKind.PHOTO),
        (b"\xff\xd8\xff\xe1\x00\x10Exif", FileKind.PHOTO),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", FileKind.PHOTO),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", FileKind.PHOTO),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isom", FileKind.VIDEO),
        (b"\x00\x00\x00\x14ftypqt  ", FileKind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x9f", FileKind.VIDEO),
        (b"%PDF-1.7", FileKind.PDF),
        (b"PK\x03\x04", FileKind.OFFICE),
    ],
)
def test_evidence_is_known_by_its_first_bytes(head: bytes, expected: FileKind) -> None:
    assert rules.file_kind(head, "x.txt") is expected


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", rules.EMPTY),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", rules.HEIC),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00heic", rules.HEIC),
        (b"\x00\x00\x00\x18ftypavif", rules.OTHER_PICTURE),
        (b"\x00\x00\x00\x18ftypM4A ", rules.NOT_EVIDENCE),
        (b"GIF89a\x01\x00\x01\x00", rules.OTHER_PICTURE),
        (b"BM\x00\x00", rules.OTHER_PICTURE),
        (b"RIFF\x24\x00\x00\x00AVI LIST", rules.OTHER_VIDEO),
        (b"\x00\x00\x01\xba\x44", rules.OTHER_VIDEO),
        (b"IMKH\x01\x01", rules.OTHER_VIDEO),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", rules.OLD_OFFICE),
        (b"Rar!\x1a\x07\x01\x00", rules.ARCHIVE),
        (b"PK\x05\x06", rules.ARCHIVE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", rules.NOT_EVIDENCE),
        (b"<!doctype html><script>", rules.NOT_EVIDENCE),
        (b" %PDF-1.7", rules.NOT_EVIDENCE),
        (b"MZ\x90\x00", rules.NOT_EVIDENCE),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", rules.NOT_EVIDENCE),
        (b" \xff\xd8\xff\xe0", rules.NOT_EVIDENCE),
    ],
)
def test_anything_else_is_refused_with_its_name_and_a_way_out(head: bytes, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.file_kind(head, "现场.jpg")
    assert refusal.value.message == message
    assert refusal.value.field == "photos"
    assert "“现场.jpg”" in str(refusal.value)


@given(st.binary(max_size=rules.HEAD_BYTES))
def test_any_bytes_are_evidence_or_refused(head: bytes) -> None:
    with suppress(Invalid):
        assert rules.file_kind(head, "x") in FileKind


@pytest.mark.parametrize("kind", list(FileKind))
def test_size_stops_at_the_limit_of_each_kind(kind: FileKind) -> None:
    rules.check_size(rules.LIMITS[kind], kind, "x")
    with pytest.raises(Invalid, match=r"“x”超过 (20|60) MB"):
        rules.check_size(rules.LIMITS[kind] + 1, kind, "x")


def test_the_count_stops_at_its_limit() -> None:
    rules.check_count(rules.MAX_FILES)
    with pytest.raises(Invalid, match="最多 9 个"):
        rules.check_count(rules.MAX_FILES + 1)


def test_every_format_is_of_one_kind_and_has_its_ending() -> None:
    assert {media_type.kind for media_type in MediaType} == set(FileKind)
    assert MediaType.JPEG.suffix == ".jpg"
    assert MediaType.DOCX.suffix == ".docx"
    assert len({media_type.suffix for media_type in MediaType}) == len(MediaType)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 KB"),
        (1, "1 KB"),
        (820 * 1024, "820 KB"),
        (int(3.4 * 1024**2), "3.4 MB"),
        (200 * 1024**3, "200 GB"),
    ],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert rules.size_text(size) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (42, "0:42"), (725, "12:05"), (3800, "1:03:20")])
def test_durations_are_written_as_a_player_does(seconds: int, text: str) -> None:
    assert rules.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("3号窗口空岗.jpg", "3号窗口空岗.jpg"),
        ("𠮷㛃𬺓𰻝.jpg", "𠮷㛃𬺓𰻝.jpg"),
        ("\uf9fd某.png", "\uf9fd某.png"),  # a compatibility ideograph, which NFC would replace
        ("\ue000某.png", "\ue000某.png"),  # a private character, as registries use for rare names
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\fakepath\\照片.jpg", "照片.jpg"),
        ("/", "文件"),
        ("..", "文件"),
        ("", "文件"),
        (None, "文件"),
        ("王\0明\r\n\t.jpg", "王明.jpg"),
        ("照片\u202egpj.exe", "照片gpj.exe"),
        ("\ufeff\u200b照片.jpg\u2028", "照片.jpg"),
        ("半个\ud842字.jpg", "半个字.jpg"),
        (" \u3000.隐藏.jpg. ", "隐藏.jpg"),
        ("长" * 200 + ".jpeg", "长" * 115 + ".jpeg"),
        ("长" * 200, "长" * 120),
        ("a." + "b" * 200, "a." + "b" * 118),
    ],
)
def test_file_names_are_made_fit_for_display(given_name: str | None, shown: str) -> None:
    assert rules.safe_filename(given_name) == shown


@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_file_name_can_do_harm(name: str) -> None:
    safe = rules.safe_filename(name)
    assert 0 < len(safe) <= rules.MAX_NAME
    assert not set("/\\") & set(safe)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in safe)
    assert safe.encode()
    assert safe not in {".", ".."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026:11:20 09:31:00", datetime(2026, 11, 20, 9, 31)),
        ("2026:11:20 09:31:00\0", datetime(2026, 11, 20, 9, 31)),
        ("2000:01:01 00:00:00", datetime(2000, 1, 1)),
        ("1999:12:31 23:59:59", None),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2026:02:30 10:00:00", None),
        ("2026-11-20 09:31:00", None),
        ("", None),
    ],
)
def test_a_camera_clock_is_believed_only_if_it_can_be_meant(text: str, expected: datetime | None) -> None:
    assert rules.exif_time(text) == expected


def test_every_kind_has_a_word() -> None:
    for kind in (AttachmentKind, FileKind, MediaType):
        assert set(labels.LABELS[kind]) == set(kind)
