"""Every construct a rulebook may use, one by one, to the point."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.core.errors import Invalid
from app.core.events import ScoreEvent
from app.evaluations.pull_rules import pulled
from app.evaluations.ranking_rules import Candidate, ranking
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import Award, in_force
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Entry, Sheet
from tests.rules.rulebooks.tools import items, points, score, text

LATE = "{id: x, name: 迟到, deduct: [{if: {minutes: {at_most: 10}}, points: 1}, {points: 3}]}"
TIERS = (
    "{id: x, name: 办件量, per: total, bonus: [{if: {count: {at_most: 100}}, points: 15}, "
    "{if: {count: {at_most: 500}}, points: 25}, {points: 35}]}"
)
SPEED = (
    "{id: x, name: 提速, bonus: [{if: {rate: {at_least: 80}}, points: 3}, "
    "{if: {rate: {at_least: 30}}, points: 2}]}"
)
RANK = (
    "{id: x, name: 名次, bonus: [{if: {rank: {at_most: 1}}, points: 5}, "
    "{if: {rank: {at_most: 3}}, points: 2}]}"
)
PER = (
    *("occurrence", "person_occurrence", "half_day", "day", "month", "case", "item", "bulletin"),
    *("overdue_workday", "shortfall", "excess", "percentage_point"),
)


def event(**facts):
    return {"events": [{"item": "x", **facts}]}


@pytest.mark.parametrize("per", PER)
def test_points_are_given_for_every_unit(per):
    assert points(items(f"{{id: x, name: 甲, per: {per}, deduct: 1.5}}"), event(count=3)) == Decimal("95.5")


@pytest.mark.parametrize(
    ("rule", "facts", "left"),
    [
        ("per: shortfall, target: 8, deduct: 1", {"actual": 5}, "97"),
        ("per: shortfall, target: 8, deduct: 1", {"actual": 9}, "100"),
        ("per: shortfall, deduct: 1", {"actual": 5, "target": 6}, "99"),
        ("per: excess, threshold: 1, each: 0.5, deduct: 0.5", {"actual": 2.7}, "98.5"),
        ("per: excess, threshold: 1, each: 0.5, counted: started, deduct: 0.5", {"actual": 2.7}, "98"),
        ("per: excess, threshold: 1, each: 0.5, counted: exact, deduct: 0.5", {"actual": 2.7}, "98.3"),
        ("per: excess, deduct: 1", {"actual": 5, "threshold": 3}, "98"),
        ("per: percentage_point, target: 98, deduct: 1", {"actual": 96.4}, "99"),
        ("per: percentage_point, target: 98, counted: exact, deduct: 1", {"actual": 96.4}, "98.4"),
        ("per: percentage_point, threshold: 2, deduct: 1", {"actual": 5}, "97"),
    ],
)  # fmt: skip
def test_differences_are_counted_in_units(rule, facts, left):
    assert points(items(f"{{id: x, name: 甲, {rule}}}"), event(**facts)) == Decimal(left)


@pytest.mark.parametrize(
    ("rule", "facts", "left"),
    [
        (LATE, {"minutes": 10, "count": 2}, "98"),
        (LATE, {"minutes": 10.5}, "97"),
        (TIERS, {"count": 100}, "115"),
        (TIERS, {"count": 101}, "125"),
        (TIERS, {"count": 501}, "135"),
        (SPEED, {"rate": 80}, "103"),
        (SPEED, {"rate": "30"}, "102"),
        (SPEED, {"rate": 29.9}, "100"),
        (RANK, {"rank": 1}, "105"),
        (RANK, {"facts": {"rank": 3}}, "102"),
        (RANK, {"rank": 4}, "100"),
        ("{id: x, name: 甲, deduct: [{if: {kind: 会议, long: true}, points: 4}, {points: 2}]}",
         {"kind": "会议", "long": True}, "96"),
        ("{id: x, name: 甲, deduct: {from: 2, to: 5}}", {"points": 5, "reason": "恶劣", "count": 2}, "90"),
        ("{id: x, name: 甲, bonus: as_entered}", {"points": [3, None, 1.5]}, "104.5"),
        ("{id: x, name: 甲, deduct: 3, at_most: 5}", {"count": 2}, "95"),
        ("{id: x, name: 甲, per: total, bonus: 2}", {"count": 7}, "102"),
    ],
)  # fmt: skip
def test_points_are_chosen(rule, facts, left):
    assert points(items(rule), event(**facts)) == Decimal(left)


def test_a_total_is_of_all_events_together():
    assert points(items(TIERS), {"events": [{"item": "x", "count": 60}] * 2}) == 125


def test_what_is_always_judged_needs_no_event():
    full = items("{id: x, name: 全勤, always: true, bonus: [{if: {absences: {at_most: 0}}, points: 2}]}")
    inputs = "inputs:\n  - {id: absences, name: 缺勤}\n"
    assert points(full + inputs, {"absences": 0}) == 102
    assert points(full + inputs, {"absences": 1}) == 100
    assert points(items(TIERS.replace("per: total", "per: total, always: true")), {}) == 115


@pytest.mark.parametrize(
    ("category", "total", "left"),
    [
        ("max: 10\n    stop_at_zero: true", "bonus_cap: 4", "94"),  # 100 − 10 + 4
        ("max: 10\n    stop_at_zero: false", "bonus_cap: 20", "95"),  # 100 − 15 + 10
        ("bonus_cap: 3", "bonus_cap: none", "88"),
        ("max: none", "floor: 98, bonus_cap: 0", "98"),
        ("bonus_cap: 30", "ceiling: 94", "94"),
    ],
)
def test_maxima_floor_ceiling_and_bonus_caps(category, total, left):
    head = f"scores:\n  - {{id: month, name: 得分, base: 100, {total}"
    head += "".join(f", {key}: none" for key in ("floor", "ceiling") if key not in total) + "}\n"
    rules = items("{id: x, name: 甲, deduct: 5}", "{id: y, name: 乙, bonus: 5}", category=category)
    content = {"events": [{"item": "x", "count": 3}, {"item": "y", "count": 2}]}
    assert points(head + rules, content) == Decimal(left)


def repeats(**rule):
    written = {"from": 3, "times": 2, "together": "category", "retroactive": "false", **rule}
    return "repeats:\n  - {" + ", ".join(f"{key}: {value}" for key, value in written.items()) + "}\n"


BOTH = items("{id: x, name: 甲, deduct: 1}", "{id: y, name: 乙, deduct: 2}")
FOUR = [{"item": "x", "count": 2}, {"item": "y", "count": 2}]


@pytest.mark.parametrize(
    ("rule", "events", "lost"),
    [
        ({}, FOUR, 10),  # 1 + 1 + 4 + 4
        ({"retroactive": "true"}, FOUR, 12),
        ({"together": "item"}, FOUR, 6),
        ({"together": "all", "from": 4}, FOUR, 8),
        ({"items": "[y]"}, [{"item": "x", "count": 9}, {"item": "y", "count": 3}], 17),
        ({"categories": "[work]", "times": 1.5}, [{"item": "x", "count": 4}], 5),
        ({}, [{"item": "x", "count": 2, "person": name} for name in "甲乙"], 4),
        ({"per_person": "false"}, [{"item": "x", "count": 2, "person": name} for name in "甲乙"], 6),
        ({}, [{"item": "x", "count": 2, "earlier": True}, {"item": "x", "count": 2}], 4),
        ({}, [{"item": "x", "count": 2, "same_as": "监控"}, {"item": "x", "count": 2}], 2),
        # the day decides which is the third, not the order in the file
        ({}, [{"item": "x", "date": "2026-03-09"}, {"item": "y", "count": 2, "date": "2026-03-02"}], 6),
        ({}, [{"item": "y", "date": "2026-03-09"}, {"item": "x", "count": 2, "date": "2026-03-02"}], 6),
    ],
)
def test_repeats_cost_more(rule, events, lost):
    assert points(BOTH + repeats(**rule), {"events": events}) == 100 - lost


PEOPLE = """\
scores:
  - {id: staff, name: 人员, base: 100, floor: 0, ceiling: 100, each_person: true}
  - id: chief_rep
    name: 首席代表
    base: 100
    floor: 0
    ceiling: 100
    answers_for: [{score: window, ratio: 50%, items: {b: 0}}, {score: staff, ratio: 20%}]
  - id: window
    name: 窗口
    base: 60
    floor: 0
    ceiling: 100
    parts: [{mean_of: staff, worth: 30}, {score: chief_rep, worth: 10}]
categories:
  - id: s
    name: 人员
    score: staff
    items: [{id: late, name: 迟到, deduct: 1}, {id: full, name: 全勤, always: true, bonus: 2}]
  - {id: c, name: 首席代表, score: chief_rep, items: [{id: absent, name: 缺会, deduct: 2}]}
  - {id: w, name: 窗口, items: [{id: a, name: 甲, deduct: 4}, {id: b, name: 乙, deduct: 4}]}
"""


def test_a_window_contains_its_staff_and_its_chief_representative():
    content = {
        "people": [
            {"name": "李", "late": 7},
            {"name": "王"},
            {"name": "赵", "events": [{"item": "late", "count": 3}]},
        ],
        "events": [{"item": "a"}, {"item": "b"}, {"item": "absent"}],
    }
    evaluation = score(PEOPLE, content)
    people = {other.person: other.unrounded for other in evaluation.others if other.person}
    assert people == {"李": 95, "王": 100, "赵": 99}
    assert evaluation.other("chief_rep").unrounded == 100 - 2 - 2 - 2  # its own, half of a, a fifth of ten
    assert evaluation.result.unrounded == 60 - 8 + Decimal("29.4") + Decimal("9.4")
    assert [line.person for line in evaluation.result.lines if line.item == "staff"] == ["李", "王", "赵"]
    assert "李：100 - 7 + 2 = 95；3 人平均；每 100 分折 30 分" in {
        line.why for line in evaluation.result.lines
    }


def test_without_people_a_mean_of_them_is_refused():
    with pytest.raises(Invalid, match="没有人员"):
        score(PEOPLE, {})


RED_FLAG = """\
scores:
  - id: flag
    name: 红旗窗口得分
    base: 0
    floor: none
    ceiling: none
    parts:
      - {input: window, weight: 30%}
      - {input: staff, weight: 30%}
      - {input: leaders, weight: 0.2}
      - {input: clients, weight: 0.2}
inputs:
  - {id: window, name: 窗口分}
  - {id: staff, name: 人员分, kind: mean}
  - {id: leaders, name: 值班领导票, kind: votes}
  - {id: clients, name: 群众票, kind: votes, full: 90}
categories: []
"""


def test_weights_and_votes():
    votes = {"leaders": {"for": 7, "cast": 9}, "clients": {"for": 1, "cast": 3}}
    content = {"inputs": {"window": 96, "staff": [95, None, 98], **votes}}
    evaluation = score(RED_FLAG, content)
    assert evaluation.result.published == Decimal("79.31")  # 28.8 + 28.95 + 15.5556 + 6
    assert sum(line.points for line in evaluation.result.lines) == evaluation.result.unrounded


VETOES = """\
vetoes:
  - {id: exposed, name: 曝光, span: year, effect: no_award, items: [late]}
  - {id: quarrel, name: 争吵, span: month, effect: grade_cap, grade: basic}
outcomes:
  - {id: good, name: 优秀, if: {score: {at_least: 90}}}
  - {id: basic, name: 合格, if: {score: {at_least: 60}}}
  - {id: failed, name: 不合格}
award: {name: 红旗窗口, excludes: [comprehensive_window]}
"""


@pytest.mark.parametrize(
    ("content", "raised", "eligible", "outcome"),
    [
        ({}, [], True, "good"),
        ({"events": [{"item": "late", "count": 11}]}, ["exposed"], False, "basic"),
        ({"events": [{"item": "late", "count": 41}]}, ["exposed"], False, "failed"),
        ({"events": [{"item": "late", "count": 0}]}, [], True, "good"),
        ({"vetoes": ["quarrel"]}, ["quarrel"], True, "basic"),
        (
            {"vetoes": ["quarrel"], "events": [{"item": "late", "count": 41}]},
            ["exposed", "quarrel"],
            False,
            "failed",
        ),
        ({"events": [{"item": "late", "earlier": True}]}, ["exposed"], False, "good"),  # lasts a year
        ({"traits": ["comprehensive_window"]}, [], False, "good"),
    ],
)
def test_vetoes_outcomes_and_eligibility(content, raised, eligible, outcome):
    evaluation = score(VETOES, content)
    assert [veto.id for veto in evaluation.vetoes] == raised
    assert (evaluation.eligible, evaluation.outcome.id) == (eligible, outcome)
    lost = sum(int(event["count"]) for event in content.get("events", []) if "count" in event)
    assert evaluation.result.published == 100 - lost  # shown all the same


def test_the_version_in_force_on_the_day_judges():
    first = read_rulebook(text("effective_until: 2026-06-30\n"))
    second = read_rulebook(text().replace("version: 1", "version: 2").replace("2026-01-01", "2026-06-01"))
    assert [in_force([second, first], date(2026, month, 15)) for month in (1, 6, 7)] == [
        first,
        second,
        second,
    ]
    assert in_force([first], date(2026, 7, 1)) is None
    with pytest.raises(Invalid, match="“late”发生于 2026-07-01，当时没有施行中的考核细则"):
        score("effective_until: 2026-06-30\n", {"events": [{"item": "late", "date": "2026-07-01"}]})


OLD = """\
categories:
  - id: discipline
    name: 劳动纪律
    items:
      - {id: late, name: 迟到, deduct: 3}
      - {id: phone, name: 玩手机, deduct: 2}
"""


def test_a_month_with_two_versions_takes_each_event_by_its_own_day():
    old = read_rulebook(text(OLD + "effective_until: 2026-06-14\n"))
    new = read_rulebook(text().replace("version: 1", "version: 2").replace("2026-01-01", "2026-06-15"))
    days = ("2026-06-14", "2026-06-15")
    late = [Entry("late", on=date.fromisoformat(day)) for day in days]
    phone = Entry("phone", on=date(2026, 6, 1))
    evaluation = evaluate(new, Sheet((*late, phone)), [old])
    assert [(line.item, line.points, line.why) for line in evaluation.result.lines[1:]] == [
        ("late", -3, "迟到 1 次 × 3 分；按第 1 版"),
        ("late", -1, "迟到 1 人次 × 1 分"),
        ("phone", -2, "玩手机 1 次 × 2 分；按第 1 版"),
    ]
    with pytest.raises(Invalid, match="没有条目“phone”"):
        evaluate(new, Sheet((replace(phone, on=date(2026, 6, 20)),)), [old])
    with pytest.raises(Invalid, match="当时没有施行中的考核细则"):
        evaluate(new, Sheet((phone,)))
    moved = replace(old, categories=(replace(old.categories[0], id="conduct"),))
    with pytest.raises(Invalid, match="类别“conduct”在现行版本中已不存在"):
        evaluate(new, Sheet((phone,)), [moved])


def test_a_ranking_gives_equal_scores_one_rank():
    def rank(award, *scores, **more):
        candidates = [Candidate(place, Decimal(value), **more) for place, value in enumerate(scores, 1)]
        return [(each.candidate.id, each.rank, each.within_quota) for each in ranking(award, candidates)]

    assert [row[1] for row in rank(Award("旗"), "95", "97", "95", "90")] == [1, 2, 2, 4]
    assert rank(Award("旗", quota=2), "95", "97", "95", "90") == [
        *((2, 1, True), (1, 2, True)),
        *((3, 2, True), (4, 4, False)),
    ]
    assert rank(Award("旗"), "95", eligible=False) == [(1, None, False)]
    tied = [
        Candidate(1, Decimal(95), inputs={"volume": Decimal(10)}),
        Candidate(2, Decimal(95), inputs={"volume": Decimal(20)}),
        Candidate(3, Decimal(99), eligible=False),
    ]
    broken = ranking(Award("旗", tie_breaks=("volume",)), tied)
    assert [(each.candidate.id, each.rank) for each in broken] == [(2, 1), (1, 2), (3, None)]


def test_ledgers_are_pulled_by_their_links():
    book = read_rulebook(text(items("{id: x, name: 甲, deduct: 1, links: [S01]}")))
    noon = datetime(2026, 3, 5, 4, tzinfo=UTC)
    known = ScoreEvent("finding", 7, noon, "S01", Decimal(2), staff_id=3, same_as=("complaint", 9))
    unknown = ScoreEvent("finding", 8, noon, "S09")
    entries, left = pulled(book, [known, unknown], lambda moment: moment.date())
    assert left == [unknown]
    (entry,) = entries
    assert (entry.item, entry.count, entry.person, entry.on) == ("x", 2, "3", date(2026, 3, 5))
    assert (entry.source, entry.same_as) == (("finding", 7), "complaint 9")


def test_one_event_is_charged_once():
    content = {"events": [{"item": "late", "count": 2}, {"item": "late", "same_as": "监控第3号"}]}
    evaluation = score("", content)
    assert evaluation.result.unrounded == 98
    assert "迟到 1 人次；与“监控第3号”为同一事件，不重复计分" in [
        line.why for line in evaluation.result.lines
    ]


def test_the_answer_is_made_of_text_and_decimals():
    answer = json.dumps([str(line.points) for line in score("", {"events": [{"item": "late"}]}).result.lines])
    assert answer == '["100.0000000000", "-1.0000000000"]'
