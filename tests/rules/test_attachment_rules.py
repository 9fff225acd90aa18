from __future__ import annotations

import unicodedata
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attachments import labels, rules
from app.attachments.rules import AttachmentKind, MediaType
from app.core.errors import Invalid


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", MediaType.JPEG),
        (b"\xff\xd8\xff\xe1\x00\x10Exif", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", MediaType.PNG),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", MediaType.WEBP),
    ],
)
def test_a_photo_is_known_by_its_first_bytes(head: bytes, expected: MediaType) -> None:
    assert rules.media_type_of(head, "x.txt") is expected


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", rules.EMPTY),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", rules.HEIC),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00heic", rules.HEIC),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isom", rules.NOT_A_PHOTO),
        (b"GIF89a\x01\x00\x01\x00", rules.NOT_A_PHOTO),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", rules.NOT_A_PHOTO),
        (b"<!doctype html><script>", rules.NOT_A_PHOTO),
        (b"%PDF-1.7", rules.NOT_A_PHOTO),
        (b"PK\x03\x04", rules.NOT_A_PHOTO),
        (b"BM\x00\x00", rules.NOT_A_PHOTO),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", rules.NOT_A_PHOTO),
        (b" \xff\xd8\xff\xe0", rules.NOT_A_PHOTO),
    ],
)
def test_anything_else_is_refused_with_its_name(head: bytes, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.media_type_of(head, "现场.jpg")
    assert refusal.value.message == message
    assert refusal.value.field == "photos"
    assert "“现场.jpg”" in str(refusal.value)


@given(st.binary(max_size=rules.HEAD_BYTES))
def test_any_bytes_are_a_photo_or_refused(head: bytes) -> None:
    with suppress(Invalid):
        assert rules.media_type_of(head, "x") in MediaType


def test_size_and_count_stop_at_their_limits() -> None:
    rules.check_size(rules.MAX_PHOTO_BYTES, "x.jpg")
    with pytest.raises(Invalid, match=r"“x\.jpg”超过 20 MB"):
        rules.check_size(rules.MAX_PHOTO_BYTES + 1, "x.jpg")
    rules.check_count(rules.MAX_PHOTOS)
    with pytest.raises(Invalid, match="最多 9 张"):
        rules.check_count(rules.MAX_PHOTOS + 1)


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
        ("/", "照片"),
        ("..", "照片"),
        ("", "照片"),
        (None, "照片"),
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
    assert set(labels.LABELS[AttachmentKind]) == set(AttachmentKind)
    assert set(rules.SUFFIXES) == set(MediaType)
