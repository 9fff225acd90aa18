"""Videos, PDF and office files: what is taken in, and why the rest is not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.attachments import papers, probing, rules, services, store, videos
from app.attachments.child import Refused
from app.attachments.rules import FileKind, MediaType
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotFound
from app.web.files import send_evidence
from tests import evidence_files as made
from tests.factories.inspections import jpeg, room_enough

VIDEO, PDF, OFFICE = (probing.REFUSALS[kind] for kind in (FileKind.VIDEO, FileKind.PDF, FileKind.OFFICE))
SCRIPT = b"<html><script>alert(1)</script></html>"


def receive(root: Path, content: bytes, name: str = "证据.bin") -> StoredFile:
    return services.receive(root, io.BytesIO(content), name, room_enough)


@pytest.mark.parametrize(
    ("content", "media_type", "seconds"),
    [
        (made.mp4(), MediaType.MP4, 42),
        (made.mp4(b"qt  "), MediaType.MOV, 42),
        (made.webm(), MediaType.WEBM, 42),
        (made.pdf(), MediaType.PDF, None),
        (made.office("docx"), MediaType.DOCX, None),
        (made.office("xlsx"), MediaType.XLSX, None),
        (made.office("pptx"), MediaType.PPTX, None),
        (made.pdf() + SCRIPT + b"%%EOF", MediaType.PDF, None),  # a page behind a PDF is never shown as one
    ],
)
def test_files_of_every_kind_are_kept_byte_for_byte(
    tmp_path: Path, content: bytes, media_type: MediaType, seconds: int | None
) -> None:
    file = receive(tmp_path, content, "现场.html")
    assert (file.media_type, file.seconds, file.size) == (media_type, seconds, len(content))
    assert (file.width, file.height, file.taken_at) == (None, None, None)
    assert store.path_of(tmp_path, file.sha256).read_bytes() == content
    assert StoredFile.from_dict(file.to_dict()) == file


def _flawed() -> bytes:
    """Return a docx in which one byte is not what its checksum says."""
    content = made.package({made.TYPES: b"<Types/>", "word/document.xml": b"<doc/>"}, squeeze=False)
    return content.replace(b"<doc/>", b"<doc>>", 1)


CORPUS: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", rules.EMPTY),
    ("page named pdf", lambda: SCRIPT, rules.NOT_EVIDENCE),
    ("drawing", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", rules.NOT_EVIDENCE),
    ("program", lambda: b"MZ" + bytes(200), rules.NOT_EVIDENCE),
    ("gif and page", lambda: b"GIF89a/*" + SCRIPT, rules.OTHER_PICTURE),
    ("old office", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), rules.OLD_OFFICE),
    ("film cut off", lambda: made.mp4()[:-60], VIDEO["damaged"]),
    ("film without index", lambda: made.mp4(index=False), VIDEO["damaged"]),
    ("film of nothing", lambda: made.box(b"ftyp", b"isom"), VIDEO["damaged"]),
    (
        "film that claims gigabytes",
        lambda: made.mp4()[:24] + b"\xff\xff\xff\xf0mdat" + bytes(99),
        VIDEO["damaged"],
    ),
    ("film with a page in it", lambda: made.box(b"ftyp", b"isom") + SCRIPT, VIDEO["damaged"]),
    ("sound only", lambda: made.mp4(handler=b"soun"), VIDEO["no_picture"]),
    ("webm cut off", lambda: made.webm()[:-30], VIDEO["damaged"]),
    ("webm of sound", lambda: made.webm(track=2), VIDEO["no_picture"]),
    ("matroska", lambda: made.webm(b"matroska"), VIDEO["container"]),
    ("ebml of nothing", lambda: b"\x1a\x45\xdf\xa3", VIDEO["damaged"]),
    ("pdf cut off", lambda: made.pdf(tail=b""), PDF["damaged"]),
    ("pdf with password", lambda: made.pdf(b"/Encrypt 5 0 R"), PDF["encrypted"]),
    ("pdf header and a page", lambda: b"%PDF-1.4\n" + SCRIPT, PDF["damaged"]),
    ("docx cut off", lambda: made.office()[:-40], OFFICE["damaged"]),
    ("docx with a flaw", _flawed, OFFICE["damaged"]),
    ("docx bomb", made.bomb, OFFICE["bomb"]),
    ("docx of 5001 parts", lambda: made.office(**{f"p{n}": b"" for n in range(5000)}), OFFICE["bomb"]),
    ("docx with password", made.encrypted_package, OFFICE["encrypted"]),
    ("docx that climbs", lambda: made.office(**{"../../etc/cron.d/x": b"x"}), OFFICE["damaged"]),
    ("docx and xlsx", lambda: made.office("docx", **{"xl/workbook.xml": b"<x/>"}), OFFICE["archive"]),
    ("docm", lambda: made.office("docx", **{"word/vbaProject.bin": b"x"}), OFFICE["macros"]),
    (
        "docm by its types",
        lambda: made.package(
            {made.TYPES: b"<T ct='x.macroEnabled.main+xml'/>", "word/document.xml": b"<d/>"}
        ),
        OFFICE["macros"],
    ),
    ("xlsb", lambda: made.package({made.TYPES: b"<T/>", "xl/workbook.bin": b"x"}), OFFICE["binary_workbook"]),
    (
        "odt",
        lambda: made.package({"mimetype": b"application/vnd.oasis.opendocument.text"}),
        OFFICE["open_document"],
    ),
    ("ofd", lambda: made.package({"OFD.xml": b"<OFD/>"}), OFFICE["ofd"]),
    ("zip", lambda: made.package({"a.jpg": jpeg()}), OFFICE["archive"]),
]


@pytest.mark.parametrize(("content", "message"), [row[1:] for row in CORPUS], ids=[row[0] for row in CORPUS])
def test_bad_files_are_refused_with_what_to_do_and_leave_nothing(
    tmp_path: Path, content: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        receive(tmp_path, content(), "../../证据.pdf")
    assert refusal.value.message == message
    assert refusal.value.field == "photos"
    assert "“证据.pdf”" in str(refusal.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_how_large_the_corpus_is(figure: Callable[..., None]) -> None:
    figure("S10", "kinds of bad file refused with what to do", len(CORPUS), bar="all", held=True)
    assert len(CORPUS) >= 30


def test_a_file_without_room_is_not_kept(tmp_path: Path) -> None:
    def no_room(_sha256: str, _size: int, name: str) -> None:
        raise Invalid(rules.FULL, field="photos", name=name, quota="1 GB", used="1 GB", size="2 KB")

    with pytest.raises(Invalid, match="空间共 1 GB"):
        services.receive(tmp_path, io.BytesIO(made.pdf()), "a.pdf", no_room)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@given(st.binary(max_size=300))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_follows_a_good_beginning_is_judged_and_never_crashes(rest: bytes) -> None:
    for head in (made.mp4()[:16], made.webm()[:20], made.webm()[:60]):
        content = head + rest
        try:
            facts = videos.examine(io.BytesIO(content), len(content))
        except Refused:
            continue
        assert facts.media_type.kind is FileKind.VIDEO


@given(st.sampled_from([made.mp4(), made.webm()]), st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_byte_makes_a_video_or_a_refusal_with_words(whole: bytes, place: int, byte: int) -> None:
    content = bytearray(whole)
    content[place % len(content)] = byte
    answer = None
    try:
        videos.examine(io.BytesIO(bytes(content)), len(content))
    except Refused as reason:
        answer = str(reason)
    assert answer is None or answer in VIDEO


def test_an_office_file_is_read_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(made.bomb())
    with pytest.raises(Refused, match="bomb"):
        papers.examine_office(path)


# --- sending --------------------------------------------------------------------------------------


def client_for(root: Path, file: StoredFile) -> FlaskClient:
    app = Flask("files")
    app.testing = True
    app.add_url_rule(
        "/<variant>",
        view_func=lambda variant: send_evidence(root, file.sha256, file.media_type, variant),
        endpoint="file",
    )
    return app.test_client()


def test_a_video_plays_in_place_and_by_ranges(tmp_path: Path) -> None:
    content = made.mp4()
    client = client_for(tmp_path, receive(tmp_path, content))
    whole = client.get("/play", buffered=True)
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "video/mp4", content)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Disposition"].startswith("inline; filename=")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert whole.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    part = client.get("/play", headers={"Range": "bytes=100-199"}, buffered=True)
    assert (part.status_code, part.data) == (206, content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    tail = client.get("/play", headers={"Range": "bytes=-10"}, buffered=True)
    assert (tail.status_code, tail.data) == (206, content[-10:])
    beyond = client.get("/play", headers={"Range": f"bytes={len(content)}-"}, buffered=True)
    assert beyond.status_code == 416


@pytest.mark.parametrize("content", [made.mp4(), made.pdf() + SCRIPT + b"%%EOF", made.office("xlsx")])
def test_every_original_is_handed_over_as_a_file(tmp_path: Path, content: bytes) -> None:
    file = receive(tmp_path, content, "<b>.html")
    answer = client_for(tmp_path, file).get("/original", buffered=True)
    assert (answer.data, answer.mimetype) == (content, file.media_type.value)
    name = f"{file.sha256[:12]}{file.media_type.suffix}"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("content", "variants"),
    [(made.pdf(), ("small", "large", "play")), (made.mp4(), ("small",)), (jpeg(), ("play",))],
)
def test_a_file_is_shown_only_as_its_kind_can_be(
    tmp_path: Path, content: bytes, variants: tuple[str, ...]
) -> None:
    client = client_for(tmp_path, receive(tmp_path, content))
    for variant in (*variants, "huge", ".."):
        with pytest.raises(NotFound):
            client.get(f"/{variant}")
