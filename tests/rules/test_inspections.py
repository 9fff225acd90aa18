"""A patrol under way, point by point: what one point says never touches another."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attachments.rules import MediaType
from app.attachments.services import StoredFile
from app.core.errors import Invalid
from app.inspections import draft_rules as content_of
from app.inspections import rules
from app.inspections.finding_services import check_finding
from app.inspections.rules import Answer, CheckResult, PointState

ITEMS = ("A-01", "A-02", "R-01")
POINTS = (1, 2, 3)
AT = "2026-11-18T10:00:00+08:00"
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)

points = st.sampled_from(POINTS)
items = st.sampled_from(ITEMS)
answers = st.dictionaries(items, st.sampled_from([Answer.OK.value, Answer.NOT_APPLICABLE.value]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), points, answers),
        st.tuples(st.just("find"), points, items),
        st.tuples(st.just("remove"), st.integers(0, 9)),
    ),
    max_size=20,
)


def finding(point_id, item, **over):
    return {"point_id": point_id, "item": item, "photos": [], **over}


def take(content, step):
    match step:
        case ("answer", point_id, given_):
            return content_of.with_point(content, point_id, given_, False, AT)
        case ("find", point_id, item):
            return content_of.with_finding(content, None, finding(point_id, item), AT)
        case ("remove", place):
            keys = sorted(content["findings"])
            return content_of.without_finding(content, keys[place % len(keys)]) if keys else content


def walked(history):
    content = content_of.new("key-1", 7, 1, "daily")
    for step in history:
        content = take(content, step)
    return content


def of_point(content, point_id):
    found = {key: f for key, f in content["findings"].items() if f["point_id"] == point_id}
    return content_of.answers(content, point_id), found


@given(steps, points, answers)
def test_the_answers_of_one_point_never_touch_another(history, point_id, given_):
    before = walked(history)
    after = content_of.with_point(before, point_id, given_, False, AT)
    for other in POINTS:
        if other != point_id:
            assert of_point(after, other) == of_point(before, other)


@given(steps, points, items)
def test_a_finding_answers_its_item_and_removing_it_unanswers(history, point_id, item):
    before = walked(history)
    after = content_of.with_finding(before, None, finding(point_id, item), AT)
    (key,) = set(after["findings"]) - set(before["findings"])
    assert content_of.answers(after, point_id)[item] == Answer.FINDING
    answered = content_of.with_point(after, point_id, dict.fromkeys(ITEMS, "ok"), False, AT)
    assert content_of.answers(answered, point_id)[item] == Answer.FINDING, "a finding outweighs an answer"
    for kept in (after, answered):
        gone = content_of.without_finding(kept, key)
        others = {f["item"] for f in gone["findings"].values() if f["point_id"] == point_id}
        assert (item in content_of.answers(gone, point_id)) == (item in others)


@given(steps, points)
def test_a_point_is_complete_once_every_item_is_answered(history, point_id):
    content = walked(history)
    state = content_of.point_state(content, point_id, ITEMS)
    given_ = content_of.answers(content, point_id)
    assert state.complete == (set(given_) == set(ITEMS))
    assert state.answered == len(given_)
    assert (state.result is None) == (not state.complete)
    if state.complete:
        assert (state.result is CheckResult.FINDINGS) == (Answer.FINDING.value in given_.values())


@given(steps)
def test_steps_leave_the_former_content_as_it_was(history):
    content = walked(history)
    copy = repr(content)
    for step in (("answer", 1, {"A-01": "ok"}), ("find", 1, "A-02"), ("remove", 0)):
        take(content, step)
    assert repr(content) == copy


@given(steps)
def test_a_key_is_never_used_twice(history):
    seen, content = set(), content_of.new("key-1", 7, 1, "daily")
    for step in history:
        following = take(content, step)
        new = set(following["findings"]) - set(content["findings"])
        assert not new & seen
        seen |= new
        content = following


def test_a_closed_point_is_complete_and_a_finding_opens_it():
    content = content_of.with_point(walked([]), 1, {}, True, AT)
    assert content_of.point_state(content, 1, ITEMS).result is CheckResult.CLOSED
    content = content_of.with_finding(content, None, finding(1, "A-01"), AT)
    assert not content_of.point_state(content, 1, ITEMS).closed


def test_a_place_of_which_nothing_is_asked_is_complete():
    assert PointState(0, 0, 0, False).result is CheckResult.IN_ORDER


def test_a_changed_finding_frees_the_item_it_leaves():
    content = content_of.with_finding(walked([]), None, finding(1, "A-01"), AT)
    content = content_of.with_finding(content, "f1", finding(1, "A-02"), AT)
    assert content_of.answers(content, 1) == {"A-02": "finding"}
    assert content["next"] == 2


def test_a_form_tapped_twice_is_found_again():
    content = content_of.with_finding(walked([]), None, finding(1, "A-01", form_key="k" * 8), AT)
    assert content_of.sent_before(content, "k" * 8) == "f1"
    assert content_of.sent_before(content, "j" * 8) is None
    assert (
        content_of.sent_before(content_of.with_finding(content, None, finding(1, "A-01"), AT), None) is None
    )


def test_uploads_add_up():
    content = content_of.with_uploads(content_of.with_uploads(walked([]), {"a": 1}), {"b": 2})
    assert content["uploads"] == {"a": 1, "b": 2}


# --- what a finding needs -------------------------------------------------------------------------


def file(media_type=MediaType.JPEG, recording=False):
    return StoredFile("a" * 64, 1, media_type, "a", recording=recording)


def check(occurred_at=NOW, note="", camera="", files=(), **asked):
    item = SimpleNamespace(**{"red_line": 0, "photo_required": False, "note_required": False, **asked})
    kept = {"occurred_at": occurred_at.isoformat(), "note": note, "camera": camera}
    check_finding(item, kept, files, NOW)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"occurred_at": NOW + timedelta(minutes=3)}, "occurred_at", "发生时间不能晚于现在。"),
        ({"occurred_at": NOW - timedelta(days=32)}, "occurred_at", "发生时间早于一个月前，请核对。"),
        ({"red_line": 1}, "photos", "红线问题必须附照片等证据。"),
        ({"photo_required": True}, "photos", "这一项必须有照片或视频。"),
        ({"photo_required": True, "files": [file(MediaType.PDF)]}, "photos", "这一项必须有照片或视频。"),
        ({"files": [file(recording=True)]}, "camera", "请填写录像来自哪台摄像机或录像机。"),
        ({"note_required": True}, "note", "这一项必须写明情况。"),
        ({"files": [file()] * 10}, "photos", "附件最多 9 个，请减少后再提交。"),
    ],
)
def test_what_a_finding_lacks_is_said_beside_its_field(values, field, words):
    with pytest.raises(Invalid) as refused:
        check(**values)
    assert (refused.value.field, str(refused.value)) == (field, words)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"occurred_at": NOW + timedelta(minutes=2)},
        {"occurred_at": NOW - timedelta(days=31)},
        {"red_line": 2, "files": [file(MediaType.PDF)]},
        {"photo_required": True, "files": [file()] * 9},
        {"photo_required": True, "files": [file(MediaType.MP4)]},
        {"camera": "A区2号枪机", "files": [file(recording=True)]},
        {"note_required": True, "note": "空岗"},
    ],
)
def test_a_finding_that_has_what_it_needs_stands(values):
    check(**values)


@pytest.mark.parametrize(
    ("saved", "days_later", "standing"),
    [
        (False, 0, rules.Recording.WANTED),
        (False, 22, rules.Recording.WANTED),
        (False, 23, rules.Recording.DUE_SOON),
        (False, 30, rules.Recording.DUE_SOON),
        (False, 31, rules.Recording.EXPIRED),
        (True, 31, rules.Recording.SAVED),
    ],
)
def test_how_a_recording_stands(saved, days_later, standing):
    day = date(2026, 11, 18)
    until = rules.kept_until(day, 30)
    assert until == date(2026, 12, 18)
    assert rules.recording_standing(saved, until, day + timedelta(days=days_later)) is standing


def test_two_minutes_of_clock_difference_are_forgiven():
    assert not rules.is_future(NOW + timedelta(minutes=2), NOW)
    assert rules.is_future(NOW + timedelta(minutes=2, seconds=1), NOW)
