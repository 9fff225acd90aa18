"""A patrol under way, as its draft keeps it: plain values, saved at each step. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from app.inspections.rules import Answer, PointState

# content = {form_key, zone_id, checklist_id, mode, plan, points, findings, uploads, next}
#   plan:     {round_on, round_name, companions, on_behalf_name, on_behalf_capacity}
#   points:   {point id: {closed, answers: {item code: answer}, followed: {number: seen}, checked_at}}
#   findings: {key: {point_id, item, owner, staff, occurred_at, ended_at, note, disposition, camera,
#              photos, doubts, form_key}}
#   photos:   [sha256] of files of every kind
#   uploads:  {sha256: a stored file}, kept so that a refused form loses none

NOTHING: Mapping[str, str] = MappingProxyType({})


def new(
    form_key: str, zone_id: int, checklist_id: int, mode: str, plan: Mapping[str, str] = NOTHING
) -> dict[str, Any]:
    """Return the content of a patrol that has just begun: every item unanswered."""
    return {
        "form_key": form_key,
        "zone_id": zone_id,
        "checklist_id": checklist_id,
        "mode": mode,
        "plan": dict(plan),
        "points": {},
        "findings": {},
        "uploads": {},
        "next": 1,
    }


def point_state(
    content: Mapping[str, Any], point_id: int, items: Collection[str], to_follow: Collection[str] = ()
) -> PointState:
    """Return how far a point has been looked at; an item with a finding counts as answered.

    `to_follow` are the numbers of the rectifications that are still open there.
    """
    point = content["points"].get(str(point_id), {})
    found = {f["item"] for f in content["findings"].values() if f["point_id"] == point_id}
    answered = (set(point.get("answers", {})) | found) & set(items)
    followed = set(point.get("followed", {})) & set(to_follow)
    return PointState(
        len(items),
        len(answered),
        len(found),
        bool(point.get("closed")),
        len(followed),
        len(to_follow),
    )


def touched(content: Mapping[str, Any]) -> set[int]:
    """Return the ids of the points that something was answered or found at."""
    return {int(point_id) for point_id in content["points"]} | {
        finding["point_id"] for finding in content["findings"].values()
    }


def answers(content: Mapping[str, Any], point_id: int) -> dict[str, str]:
    """Return the answers of a point, findings included."""
    given = dict(content["points"].get(str(point_id), {}).get("answers", {}))
    for finding in content["findings"].values():
        if finding["point_id"] == point_id:
            given[finding["item"]] = Answer.FINDING.value
    return given


def followed(content: Mapping[str, Any], point_id: int) -> dict[str, str]:
    """Return what was seen of the open rectifications of a point, by their number."""
    return dict(content["points"].get(str(point_id), {}).get("followed", {}))


def with_point(
    content: Mapping[str, Any],
    point_id: int,
    given: Mapping[str, str],
    closed: bool,
    at: str,
    seen: Mapping[str, str] = NOTHING,
) -> dict[str, Any]:
    """Return the content with the answers of one point; what other points hold stays as it is.

    An item with a finding takes no other answer: should the finding go, the item is unanswered again.
    """
    found = {f["item"] for f in content["findings"].values() if f["point_id"] == point_id}
    kept = {code: answer for code, answer in given.items() if code not in found}
    point = {"closed": closed, "answers": kept, "followed": dict(seen), "checked_at": at}
    return {**content, "points": {**content["points"], str(point_id): point}}


def with_uploads(content: Mapping[str, Any], uploads: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with further stored files."""
    return {**content, "uploads": {**content["uploads"], **uploads}}


def sent_before(content: Mapping[str, Any], form_key: str | None) -> str | None:
    """Return the key of the finding that the same form, tapped twice, has already saved."""
    kept = content["findings"].items() if form_key else ()
    return next((key for key, finding in kept if finding.get("form_key") == form_key), None)


def with_finding(
    content: Mapping[str, Any], key: str | None, finding: Mapping[str, Any], at: str
) -> dict[str, Any]:
    """Return the content with a finding added, or changed if it has a key already."""
    following = content["next"]
    if key is None:
        key, following = f"f{following}", following + 1
    point_id = str(finding["point_id"])
    point = content["points"].get(point_id, {"closed": False, "answers": {}})
    # An answer that says otherwise would contradict the finding.
    given = {code: answer for code, answer in point["answers"].items() if code != finding["item"]}
    points = {**content["points"], point_id: {**point, "closed": False, "answers": given, "checked_at": at}}
    return {
        **content,
        "points": points,
        "findings": {**content["findings"], key: dict(finding)},
        "next": following,
    }


def without_finding(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the content without one finding; its item is unanswered again."""
    return {**content, "findings": {k: f for k, f in content["findings"].items() if k != key}}
