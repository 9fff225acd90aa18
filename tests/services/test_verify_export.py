"""The verifier for outsiders: it accepts what we export, and names what a forger did to it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.audit import keys
from app.documents.jobs import stop
from app.documents.queries import content_of
from app.jobs import worker
from tests.factories.documents import numbered
from tests.services import exports
from tests.services.exports import TOOL, Export, feet, tool


@pytest.fixture
def export(db_context: Any, site: Any, tmp_path: Path) -> Export:
    return exports.make(site, tmp_path)


def answer(capsys: Any, export: Export, *arguments: str) -> tuple[int, str]:
    given = [str(export.write()), *export.arguments, *arguments]
    code = tool.main([*given, "--lang", "en"])
    return code, capsys.readouterr().out


# --- what is good is accepted ------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_real_export_is_accepted_with_everything_that_witnesses_it(export, capsys):
    good, foot = export.papers["good"][0], list(feet(export))[-1]
    code, said = answer(
        capsys,
        export,
        *("--key", keys.grouped(export.key_id), "--anchors", export.anchors(), "--foot", foot),
        *("--pdf", export.paper("good"), "--pdf", f"{export.paper('other')}={export.papers['other'][0]}"),
    )
    assert code == 0, said
    last = export.entries[-1]["seq"]
    signed = export.signed[-1]["seq"]
    assert f"Checkpoints vouch for it up to entry {signed}; anchors up to entry {signed}." in said
    assert f"No checkpoint and no anchor vouches for entries {signed + 1} to {last}." in said
    assert "Compared with what came from elsewhere: the same." in said
    assert "WARNING" not in said
    assert f"is {good}, entry {export.centre}/" in said
    assert said.endswith("Result: nothing wrong was found.\n")


def test_without_a_key_from_elsewhere_it_says_where_to_find_one(export, capsys):
    code, said = answer(capsys, export)
    assert code == 0
    assert keys.grouped(export.key_id) in said
    assert "WARNING: this fingerprint was not compared" in said
    assert "No anchors were given" in said
    tool.main([str(export.write())])
    assert "警告：这个指纹没有与文件以外的来源核对" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed",
    [
        "{0}",
        "审计检查点 {0} · 2026-11-18 10:00 · 密钥 {1}",
        "１／２",
        "{2}",
    ],
)
def test_a_foot_may_be_typed_in_many_ways(export, capsys, typed):
    foot = list(feet(export))[-1]
    wide = foot.translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789abcdef/"}).upper()
    text = (
        wide
        if typed == "１／２"
        else typed.format(foot, keys.grouped(export.key_id), foot.replace(" ", "·", 1))
    )
    code, said = answer(capsys, export, "--foot", text)
    assert (code, "1 anchors agree" in said) == (0, True), said
    assert ("Compared with" in said) == ("密钥" in text)


def test_feet_of_papers_may_stand_in_a_file(export, capsys):
    path = export.folder / "feet.txt"
    path.write_text("# read from the bulletins of November\n\n" + "\n".join(feet(export)))
    code, said = answer(capsys, export, "--anchors", str(path))
    assert (code, f"{len(export.signed)} anchors agree" in said) == (0, True), said


def test_some_days_of_one_centre_are_a_stretch(db_context, site, clock, tmp_path, capsys):
    exports.make(site, tmp_path)
    clock.tick(days=1)
    day = clock.now.date()
    export = exports.make(site, tmp_path, since=day, until=day, centre_ids=frozenset({site.cast.centre}))
    code, said = answer(capsys, export, "--anchors", export.anchors())
    assert code == 0, said
    assert "of centres 1 only" in said
    assert f"The file begins at entry {export.chain['first_seq']}" in said
    assert " 0 lie outside" not in said


def test_a_rendered_notice_is_recognised(db_context, site, tmp_path, capsys):
    document_id = numbered(site.cast)
    worker.run_due(site.app)
    stop()
    content = content_of(document_id)
    assert content and content.startswith(b"%PDF-")
    export = exports.make(site, tmp_path)
    code, said = answer(capsys, export, "--pdf", export.paper("notice", content))
    assert (code, "byte for byte as issued" in said) == (0, True), said


def test_a_retired_key_holds_up_to_its_retirement(db_context, site, clock, tmp_path, capsys, monkeypatch):
    first = exports.make(site, tmp_path)
    old = keys.public_key(site.settings).hex()
    clock.tick(minutes=1)
    for minutes, code in ((0, 0), (-2, 1)):
        at = (clock.now + timedelta(minutes=minutes)).isoformat()
        settings = replace(site.settings, signing_key="x" * 40, retired_keys=f"{old}@{at}")
        monkeypatch.setattr(site, "settings", settings)
        export = exports.make(site, tmp_path)
        assert export.key_id != first.key_id
        found, said = answer(capsys, export, "--key", export.key_id, "--key", first.key_id)
        assert found == code, said
        assert ("after its retirement" in said) == bool(code)
        assert "WARNING" not in said


# --- what is forged is refused ------------------------------------------------------------------------

Forge = Callable[[Export], None]
FORGED: dict[str, tuple[Forge, str]] = {}


def forged(fault: str, name: str | None = None) -> Callable[[Forge], Forge]:
    """Keep a forgery with the words in which it must be named first."""

    def keep(forge: Forge) -> Forge:
        FORGED[name or forge.__name__] = (forge, fault)
        return forge

    return keep


ALTERED = "its content does not match its hash"


def _alter(field: str, value: Any) -> Forge:
    def forge(export: Export) -> None:
        assert export.entries[7][field] != value
        export.entries[7][field] = value
        export.seal()

    return forge


for _field, _value in (
    ("at_us", 1),
    ("actor_id", 99),
    ("actor_name", "别人"),
    ("role", "auditor"),
    ("session_id", 5),
    ("address", "10.0.0.1"),
    ("route", "GET /elsewhere"),
    ("request_id", "x"),
    ("action", "complaint.closed"),
    ("result", "refused"),
    ("subject_type", "centre"),
    ("subject_id", 77),
    ("subject_name", "另一个"),
    ("payload", "{}"),
    ("hash", "0" * 64),
):
    forged(f"/7: {ALTERED}", f"altered {_field}")(_alter(_field, _value))
forged(f"/7: {ALTERED}", "altered previous")(_alter("previous", "0" * 64))
forged("/7: the hash algorithm is unknown", "altered algorithm")(_alter("algorithm", "md5"))


@forged("the SHA-256 in the trailer is not that")
def altered_without_a_new_trailer(export):
    export.lines[0]["header"]["until"] = "2027-01-01"


@forged("/9: entries are missing before this one")
def cut_in_the_middle(export):
    export.drop(export.entries[8])
    export.seal()


@forged("/8: it does not follow the entry before it")
def cut_and_renumbered(export):
    entries = export.entries
    export.drop(entries[8])
    for entry in entries[9:]:
        entry["seq"] -= 1
        entry["hash"] = tool.entry_hash(entry)
    export.chain["last_seq"] -= 1
    export.seal()


@forged("the chain ends before the last entry that the header lists")
def cut_at_the_end(export):
    export.drop(*export.entries[-2:])
    export.seal()


@forged("the entry that the checkpoint signed is not in the file")
def cut_at_the_end_with_the_header(export):
    export.drop(*export.entries[-6:])
    export.chain["last_seq"] = export.entries[-1]["seq"]
    export.seal()


@forged("the entry that the anchor names is not in the file, though the file is younger")
def cut_at_the_end_with_header_and_checkpoints(export):
    export.arguments = ["--anchors", export.anchors()]
    export.drop(*export.entries[-6:])
    export.chain["last_seq"] = export.entries[-1]["seq"]
    export.drop(*[each for each in export.signed if each["seq"] > export.chain["last_seq"]])
    export.seal()


@forged("the entry that the anchor names is not in the file, though the file is younger")
def cut_at_the_end_against_a_printed_foot(export):
    foot = list(feet(export))[-1]
    cut_at_the_end_with_header_and_checkpoints(export)
    export.arguments = ["--foot", foot]


@forged("the chain does not begin at entry 0")
def cut_at_the_beginning(export):
    export.drop(*export.entries[:4])
    export.chain["first_seq"] = 4
    export.seal()


@forged("/9: entries are missing before this one")
def swapped(export):
    first, second = (export.lines.index({"entry": export.entries[place]}) for place in (8, 9))
    export.lines[first], export.lines[second] = export.lines[second], export.lines[first]
    export.seal()


@forged("the line is not in its place")
def reordered_chains(export):
    ours = [line for line in export.lines if line.get("entry", {}).get("centre_id") == export.centre]
    rest = [line for line in export.lines if line not in ours]
    export.lines = [*rest[:-1], *ours, rest[-1]]
    export.seal()


@forged("/8: its number was there already")
def duplicated(export):
    entry = export.entries[8]
    export.lines.insert(export.lines.index({"entry": entry}), {"entry": dict(entry)})
    export.seal()


@forged("the entry is not the one that the checkpoint signed")
def inserted_and_rehashed(export):
    entries = export.entries
    at = export.lines.index({"entry": entries[8]})
    for entry in entries[8:]:
        entry["seq"] += 1
    export.lines.insert(at, {"entry": dict(entries[7], seq=8)})
    export.rehash(8)
    export.chain["last_seq"] += 1
    export.seal()


@forged("the entry is not the one that the checkpoint signed")
def rehashed_from_an_entry_on(export):
    export.entries[8]["actor_name"] = "别人"
    export.rehash(8)
    export.seal()


@forged("the entry is not the one that the anchor names")
def rehashed_without_checkpoints(export):
    export.arguments = ["--foot", next(feet(export))]
    export.entries[8]["actor_name"] = "别人"
    export.rehash(8)
    export.drop(*export.signed)
    export.seal()


@forged("the entry is not the one that the anchor names")
def anchors_that_contradict(export):
    place, _, _ = list(feet(export))[1].partition(" ")
    export.arguments = ["--foot", f"{place} 0000 1111 2222 3333 4444"]


@forged("the chain does not begin with its opening")
def opened_by_something_else(export):
    export.entries[0]["action"] = "session.opened"
    export.rehash(0)
    export.seal()


_THIEF = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
_THIEFS_KEY = _THIEF.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _sign(found: dict[str, Any]) -> None:
    text = keys.signed_text(found["centre_id"], found["seq"], found["hash"], found["at_us"])
    found.update(key_id=keys.key_name(_THIEFS_KEY), signature=_THIEF.sign(text).hex())


@forged("the checkpoint was signed by a key that the header does not list")
def checkpoint_of_another_key(export):
    export.entries[8]["actor_name"] = "别人"
    export.rehash(8)
    for each in export.signed:
        each["hash"] = export.entries[each["seq"]]["hash"]
        _sign(each)
    export.seal()


@forged("the signature of the checkpoint is wrong")
def checkpoint_of_another_key_under_our_name(export):
    ours = export.signed[0]["key_id"]
    _sign(export.signed[0])
    export.signed[0]["key_id"] = ours
    export.seal()


def _replace_the_key(export: Export, name: str = "别人") -> None:
    export.entries[8]["actor_name"] = name
    export.rehash(8)
    for each in export.content("checkpoint"):
        if each["centre_id"] == export.centre:
            each["hash"] = export.entries[each["seq"]]["hash"]
        _sign(each)
    export.header.update(public_key=_THIEFS_KEY.hex(), key_id=keys.key_name(_THIEFS_KEY))
    export.seal()


@forged("is none of those the file uses")
def header_key_replaced(export):
    export.arguments = ["--key", export.key_id]
    _replace_the_key(export)


@forged("the anchor's key is none of the keys of the file")
def header_key_replaced_against_anchors(export):
    export.arguments = ["--anchors", export.anchors()]
    _replace_the_key(export)


@forged("the anchor's key is none of the keys of the file")
def header_key_replaced_against_a_printed_foot(export):
    foot = next(feet(export))
    export.arguments = ["--foot", f"{foot} · 2026-11-18 10:00 · 密钥 {keys.grouped(export.key_id)}"]
    _replace_the_key(export, export.entries[8]["actor_name"])


@forged("the header does not have the form it must have")
def header_key_does_not_fit_its_name(export):
    export.header["public_key"] = _THIEFS_KEY.hex()
    export.seal()


@forged("the signature of the checkpoint is wrong")
def checkpoint_of_another_place(export):
    export.signed[0]["seq"] += 1
    export.seal()


@forged("the signature of the checkpoint is wrong")
def checkpoint_of_a_longer_chain(export):
    export.signed[-1]["seq"] += 100000
    export.seal()


@forged("the signature of the checkpoint is wrong")
def checkpoint_of_another_chain(export):
    other = next(each for each in export.content("checkpoint") if each["centre_id"] != export.centre)
    other["hash"] = export.signed[0]["hash"]
    export.seal()


@forged("the signature of the checkpoint is wrong")
def checkpoint_signature_of_another_length(export):
    export.signed[0]["signature"] += "00"
    export.seal()


@forged("that checkpoint is not in the file")
def checkpoint_removed(export):
    export.arguments = ["--anchors", export.anchors()]
    export.drop(export.signed[0])
    export.seal()


@forged("the numbers in the trailer are not those of the lines")
def trailer_counts_wrong(export):
    export.lines[-1]["trailer"]["entries"] += 1


@forged("there is no trailer")
def trailer_removed(export):
    del export.lines[-1]


@forged("the chain that the anchor names is not in the file")
def chain_removed(export):
    export.arguments = ["--anchors", export.anchors()]
    export.drop(*export.entries, *export.signed)
    export.header["chains"].remove(export.chain)
    export.seal()


@forged("the header does not list this chain")
def chain_not_listed(export):
    export.header["chains"].remove(export.chain)
    export.seal()


@forged("this file is 云政服督整〔2026〕2号, not 云政服督整〔2026〕1号")
def pdf_swapped(export):
    export.arguments = ["--pdf", f"{export.paper('other')}={export.papers['good'][0]}"]


@forged("no document was issued as these bytes")
def pdf_altered_by_one_byte(export):
    export.arguments = ["--pdf", export.paper("good", export.papers["good"][1][:-1] + b"!")]


@forged("is void")
def pdf_of_a_voided_document(export):
    export.arguments = ["--pdf", export.paper("void")]


@forged("was superseded")
def pdf_of_a_superseded_document(export):
    export.arguments = ["--pdf", export.paper("superseded")]


@forged(ALTERED)
def pdf_written_into_the_log(export):
    """The hash of another paper is put into the entry of the issue."""
    export.arguments = ["--pdf", export.paper("forged", b"%PDF-1.7 forged")]
    entry = next(entry for entry in export.entries if entry["action"] == "document.issued")
    payload = json.loads(entry["payload"])
    payload["changes"]["sha256"][1] = tool.hashlib.sha256(b"%PDF-1.7 forged").hexdigest()
    entry["payload"] = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    export.seal()


@forged("not as the export writes it")
def another_order_of_keys(export):
    entry = export.entries[8]
    text = json.dumps(dict(reversed(entry.items())), ensure_ascii=False, separators=(",", ":"))
    whole = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    export.replace(whole.encode(), text.encode())


@forged("not as the export writes it")
def spaces_in_a_line(export):
    export.replace(b'"seq":8,', b'"seq": 8,')


@forged("not as the export writes it")
def a_key_twice(export):
    export.replace(b'"seq":8,', b'"seq":8,"seq":8,')


@forged("its fields or values do not have the form")
def not_a_number(export):
    export.replace(b'"seq":8,', b'"seq":NaN,')


@forged("its fields or values do not have the form")
def yes_for_a_number(export):
    export.replace(b'"seq":1,', b'"seq":true,')


@forged("this is not JSON that can be read")
def a_huge_number(export):
    export.replace(b'"seq":8,', b'"seq":' + b"9" * 1000000 + b",")


@forged("this is not JSON that can be read")
def deep_nesting(export):
    export.replace(b'"seq":8,', b'"seq":' + b"[" * 200000 + b"]" * 200000 + b",")


@forged("this is not valid UTF-8")
def invalid_utf8(export):
    export.replace(b'"actor_name":"cast"', b'"actor_name":"ca\xffst"')


@forged("not as the export writes it")
def half_a_character(export):
    export.replace(b'"actor_name":"cast"', b'"actor_name":"\\ud83d"')


@forged("there is a second header")
def two_headers(export):
    export.lines.insert(5, {"header": dict(export.header)})
    export.seal()


@forged("there is something after the trailer")
def lines_after_the_trailer(export):
    export.raw = export.body() + b'{"entry":{}}\n'


@forged("the last line is not whole")
def cut_within_a_line(export):
    export.raw = export.body()[:-40]


@forged("the first line is not the header")
def nothing_at_all(export):
    export.raw = b""


@forged("the first line is not the header")
def another_kind_of_file(export):
    export.raw = b"PK\x03\x04" + bytes(range(256)) * 10


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_file_is_refused_and_the_forgery_named(export, capsys, name):
    forge, fault = FORGED[name]
    forge(export)
    code, said = answer(capsys, export)
    assert code == 1
    assert "Result: not good." in said
    assert fault in said.split("The first: ")[1], said


def test_what_a_forger_writes_cannot_draw_over_the_answer(export, capsys):
    export.chain["centre"] = "\x1b[2J\rResult: nothing wrong was found.\n"
    export.seal()
    _, said = answer(capsys, export)
    assert "\x1b" not in said
    assert "\nResult: nothing wrong" not in said.split("\ufffd")[1]


def test_a_file_of_faults_only_is_cut_short(export, capsys):
    export.raw = b"\n".join([export.body().splitlines()[0], *[b"x"] * 30000]) + b"\n"
    code, said = answer(capsys, export)
    assert code == 1
    assert said.count("✗") == tool.SHOWN
    assert len(said) < 10000


# --- what cannot be checked ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--key", "ab12cd34"], "16 hexadecimal digits"),
        (["--foot", "1/2 ab12"], "a foot is given as"),
        (["--anchors", "/nowhere/checkpoints.jsonl"], "cannot open /nowhere/checkpoints.jsonl"),
        (["--pdf", "/nowhere/notice.pdf"], "cannot open /nowhere/notice.pdf"),
    ],
)
def test_what_cannot_be_checked_is_said(export, capsys, arguments, reason):
    code, said = answer(capsys, export, *arguments)
    assert code == 2
    assert reason in said
    assert "could not be made" in said


def test_a_file_that_is_not_there(capsys, tmp_path):
    assert tool.main([str(tmp_path / "audit.jsonl")]) == 2
    assert "打不开" in capsys.readouterr().out


# --- by itself, on an old computer ---------------------------------------------------------------------


def test_it_runs_by_itself_and_knows_only_the_standard_library(export):
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL), str(export.write()), "--lang", "en"],
        capture_output=True,
        encoding="utf-8",
        cwd=export.folder,
        env={"PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    tree = ast.parse(TOOL.read_text(), feature_version=(3, 8))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
        )
    }
    assert names <= sys.stdlib_module_names


def test_every_word_stands_in_both_languages():
    assert all(len(said) == 2 and all(said) for said in tool.WORDS.values())


MEASURED = """
import runpy, sys
del sys.argv[0]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sys.stderr.write(open("/proc/self/status").read())
"""


def test_its_memory_does_not_grow_with_the_file(export):
    """A log of 200,000 entries, 150 MB of it, is read in little more than Python itself takes."""
    entry = dict(export.entries[0])
    path = export.folder / "large.jsonl"
    header = {**export.header, "chains": [{**export.chain, "first_seq": 0, "last_seq": 199_999}]}
    digest = tool.hashlib.sha256()
    with path.open("wb") as file:

        def line(content: dict[str, Any]) -> None:
            data = (
                json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
            ).encode()
            digest.update(data)
            file.write(data)

        line({"header": header})
        previous = "0" * 64
        for seq in range(200_000):
            entry.update(seq=seq, previous=previous)
            entry["hash"] = previous = tool.entry_hash(entry)
            line({"entry": entry})
        line({"trailer": {"entries": 200_000, "checkpoints": 0, "sha256": digest.hexdigest()}})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURED, str(TOOL), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "200,000" in done.stdout
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)[0])
    assert peak < 32 * 1024, peak


def test_how_many_forgeries_are_named(figure):
    figure(
        "S6",
        "forgeries that the stand-alone verifier names",
        len(FORGED),
        bar=">= 20",
        held=len(FORGED) >= 20,
    )
    assert len(FORGED) >= 20
