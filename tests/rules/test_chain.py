"""The chain of entries, without a database."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit import chain
from app.audit.chain import GENESIS_ACTION, ZERO, Link, check, link_hash


def chain_of(length: int, **values: Any) -> list[Link]:
    base = Link(
        centre_id=1,
        seq=0,
        at_us=1_800_000_000_000_000,
        actor_id=7,
        actor_name="王巡",
        role="inspector",
        session_id=None,
        address="10.0.0.7",
        route="POST /findings",
        request_id="0a",
        action="finding.recorded",
        result="ok",
        subject_type="finding",
        subject_id=12,
        subject_name="A01 企业开办",
        payload='{"changes":{"note":[null,"离岗"]}}',
        algorithm=chain.ALGORITHM,
        previous="",
        hash="",
    )._replace(**values)
    links, previous = [], ZERO
    for seq in range(length):
        link = base._replace(seq=seq, previous=previous, at_us=base.at_us + seq)
        if seq == 0:
            link = link._replace(action=GENESIS_ACTION)
        previous = link_hash(link)
        links.append(link._replace(hash=previous))
    return links


def test_a_hash_is_what_the_page_for_outsiders_says():
    def part(value: object) -> bytes:
        data = str(value).encode()
        return b"-:" if value is None else str(len(data)).encode() + b":" + data

    link = chain_of(2)[1]
    said = part("duban.audit") + part("sha256-v1")
    said += b"".join(part(getattr(link, name)) for name in chain.FIELDS)
    said += part(link.previous) + part(hashlib.sha256(link.payload.encode()).hexdigest())
    assert link.hash == hashlib.sha256(said).hexdigest()


def test_a_whole_chain_is_good():
    links = chain_of(30)
    checked = check(links, 1)
    assert (checked.fault, checked.entries, checked.last) == (None, 30, links[-1])


def test_an_empty_chain_has_no_last_entry():
    assert check([], 1) == chain.Checked(None, 0, None)


def test_a_check_can_go_on_from_a_known_entry():
    links = chain_of(30)
    assert check(links[20:], 1, (19, links[19].hash)).entries == 10
    assert check(links[20:], 1, (19, ZERO)).fault.problem == chain.DETACHED


@pytest.mark.parametrize("name", [name for name in Link._fields if name != "seq"])
def test_every_value_of_an_entry_is_under_the_hash(name: str):
    links = chain_of(10)
    value = getattr(links[4], name)
    links[4] = links[4]._replace(**{name: 991 if isinstance(value, int) or value is None else f"{value} "})
    fault = check(links, 1).fault
    assert fault is not None
    assert fault.place == "1/4"


def test_absent_empty_and_the_word_for_absent_differ():
    values = (None, "", "None", "-:")
    assert len({link_hash(chain_of(1, subject_type=value)[0]) for value in values}) == len(values)


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_divisions_of_a_text_give_the_same_hash(a: str, b: str, c: str, d: str):
    def of(one: str, two: str) -> str:
        return link_hash(chain_of(1)[0]._replace(address=one, route=two))

    a, b, c, d = (text.encode("utf-8", "ignore").decode() for text in (a, b, c, d))
    assert (of(a, b) == of(c, d)) == ((a, b) == (c, d))


def faulty(change: Any) -> str | None:
    links = chain_of(10)
    change(links)
    fault = check(links, 1).fault
    return fault and f"{fault.seq} {fault.problem}"


def test_a_missing_entry_is_named():
    assert faulty(lambda links: links.pop(4)) == f"4 {chain.MISSING}"
    assert faulty(lambda links: links.pop(0)) == f"0 {chain.MISSING}"


def test_two_exchanged_entries_are_named():
    def swap(links: list[Link]) -> None:
        links[4], links[7] = links[7]._replace(seq=4), links[4]._replace(seq=7)

    assert faulty(swap) == f"4 {chain.DETACHED}"


def test_an_entry_put_in_between_is_named():
    def put_in(links: list[Link]) -> None:
        links[5:] = [link._replace(seq=link.seq + 1) for link in links[5:]]
        new = links[4]._replace(seq=5, previous=links[4].hash)
        links.insert(5, new._replace(hash=link_hash(new)))

    assert faulty(put_in) == f"6 {chain.DETACHED}"
    assert faulty(lambda links: links.insert(5, links[4])) == f"5 {chain.MISSING}"


def test_a_chain_without_its_opening_is_named():
    def begin_anew(links: list[Link]) -> None:
        links[0] = links[0]._replace(action="finding.recorded")
        links[0] = links[0]._replace(hash=link_hash(links[0]))

    assert faulty(begin_anew) == f"0 {chain.NO_OPENING}"


def test_an_unknown_algorithm_is_named():
    def other(links: list[Link]) -> None:
        links[3] = links[3]._replace(algorithm="none")
        links[3] = links[3]._replace(hash=link_hash(links[3]))

    assert faulty(other) == f"3 {chain.UNKNOWN_ALGORITHM}"


def test_what_no_entry_can_hold_is_a_fault_and_no_crash():
    for value in (b"\xff", 1.5, None, "x" * 100_000):
        assert faulty(lambda links, v=value: links.__setitem__(3, links[3]._replace(payload=v)))
        assert faulty(lambda links, v=value: links.__setitem__(3, links[3]._replace(seq=v)))
