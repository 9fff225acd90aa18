"""The four real rule sets with their worked examples, and every example of the format's description."""

import json
import re
from dataclasses import fields
from decimal import Decimal

import pytest
import yaml
from click.testing import CliRunner

from app.evaluations.cli import evaluations
from app.evaluations.event_files import read_sheet
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import Award, Category, Repeat, Rulebook, RuleItem, Score
from app.evaluations.rules import (
    Compare,
    Counted,
    Effect,
    InputKind,
    ItemKind,
    PartKind,
    Per,
    Span,
    Subject,
    Together,
)
from app.evaluations.scoring_rules import evaluate
from app.evaluations.writing import write_rulebook
from tests.rules.rulebooks.tools import EXAMPLES, ROOT, SEEDS, shipped, text

NAMES = sorted(path.stem for path in SEEDS.glob("*.yaml"))
MANUALS = {
    name: re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)
    for name in ("rulebooks.md", "rulebooks.zh-CN.md")
}
FRAGMENTS = [(name, place) for name, blocks in MANUALS.items() for place in range(len(blocks))]


def command(tmp_path, example, *options):
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"id": "an example", **example["events"]}), encoding="utf-8")
    arguments = ["--rulebook", str(SEEDS / f"{example['rulebook']}.yaml"), "--events", str(events), *options]
    return CliRunner().invoke(evaluations, ["score", *arguments])


def test_all_four_are_here():
    assert sorted({example["rulebook"] for example in EXAMPLES}) == NAMES
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["rulebook"])
def test_the_command_reproduces_it_to_the_cent(tmp_path, example):
    result = command(tmp_path, example, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    expected = {
        key: Decimal(value) if isinstance(value, str) and key != "outcome" else value
        for key, value in example["expected"].items()
    }
    found = {
        key: Decimal(value) if key in ("score", "chief_rep") else value
        for key, value in answer.items()
        if key not in ("unrounded", "lines", "reading")
    }
    assert found == expected
    assert sum(Decimal(line["points"]) for line in answer["lines"]) == Decimal(answer["unrounded"])
    assert all(list(line) == ["item", "count", "points", "why"] for line in answer["lines"])
    assert all(isinstance(value, str) and value for line in answer["lines"] for value in line.values())
    assert answer["reading"] == "；".join(read_rulebook(shipped(example["rulebook"])).readings) + "。"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["rulebook"])
def test_it_is_the_same_after_a_round_trip(example):
    book = read_rulebook(shipped(example["rulebook"]))
    again = read_rulebook(write_rulebook(book))
    assert again == book
    assert write_rulebook(again) == write_rulebook(book)
    content = json.dumps(example["events"])
    result = evaluate(again, read_sheet(again, content))
    assert result == evaluate(book, read_sheet(book, content))
    assert result.result.published == Decimal(example["expected"]["score"])


@pytest.mark.parametrize(
    ("written", "instead", "score"),
    [("from: 5", "from: 6", "-1"), ("retroactive: false", "retroactive: true", "-6")],
    ids=["strictly more than five", "doubled retroactively"],
)
def test_the_other_readings_of_the_township_are_one_word_away(written, instead, score):
    book = read_rulebook(shipped("township10_doubling").replace(written, instead))
    assert evaluate(book, read_sheet(book, json.dumps(EXAMPLES[1]["events"]))).result.published == Decimal(
        score
    )


def test_the_lines_say_why(tmp_path):
    lines = json.loads(command(tmp_path, EXAMPLES[7], "--json").stdout)["lines"]
    assert [(line["item"], line["count"], line["points"], line["why"]) for line in lines] == [
        ("base", "1", "80", "基础分"),
        ("sup3", "1", "-2", "统计弄虚作假 1 次 × 2 分"),
        ("sup4", "1", "-15", "被明查暗访负面通报或曝光 1 次 × 15 分"),
        ("sup", "1", "2", "服务监督共扣 17 分，满分 15 分，扣完为止"),
        ("chief_rep", "1", "9.15", "首席代表得分：100 - 1 - 7.5 = 91.5；每 100 分折 10 分"),
        ("staff_mean", "1", "9.72", "窗口人员平均分：97.2；每 100 分折 10 分"),
        ("exposed", "1", "0", "一票否决：被明查暗访负面通报或曝光；取消本年评先评优资格，得分照常公布"),
    ]


def test_without_json_it_speaks_chinese(tmp_path):
    printed = command(tmp_path, EXAMPLES[7]).stdout
    assert "窗口得分：83.87 分（四舍五入前 83.87）\n首席代表得分：91.50\n" in printed
    assert "本细则的理解：各类别扣完为止" in printed
    assert "无评选资格\n" in command(tmp_path, EXAMPLES[3]).stdout
    assert "结果：当月负分" in command(tmp_path, EXAMPLES[1]).stdout


@pytest.mark.parametrize(("manual", "place"), FRAGMENTS)
def test_every_example_of_the_manual_is_a_rulebook(manual, place):
    book = read_rulebook(text(MANUALS[manual][place]))
    assert read_rulebook(write_rulebook(book)) == book


def test_the_manuals_say_the_same():
    assert len(MANUALS["rulebooks.md"]) == 8
    books = [[read_rulebook(text(block)) for block in blocks] for blocks in MANUALS.values()]
    assert books[0] == books[1]


@pytest.mark.parametrize("manual", sorted(MANUALS))
def test_every_word_of_the_format_stands_in_the_manual(manual):
    page = (ROOT / "docs" / manual).read_text(encoding="utf-8")
    kinds = (Compare, Counted, Effect, InputKind, ItemKind, PartKind, Per, Span, Subject, Together)
    words = {word.value for kind in kinds for word in kind} - {Compare.IS.value}
    words |= {
        field.name for kind in (Rulebook, Score, Category, RuleItem, Repeat, Award) for field in fields(kind)
    }
    words -= {"start", "kind", "amount"}  # written as from; deduct or bonus
    missing = sorted(word for word in words if not re.search(rf"\b{word}\b", page, re.ASCII))
    assert missing == []


@pytest.mark.parametrize("manual", sorted(MANUALS))
def test_the_events_of_the_manual_are_read(manual):
    page = (ROOT / "docs" / manual).read_text(encoding="utf-8")
    events = re.search(r"```json\n(.*?)```", page, re.DOTALL)[1]
    items, vetoes = yaml.safe_load(MANUALS[manual][4]), yaml.safe_load(MANUALS[manual][6])
    whole = {**items, **vetoes, "inputs": items["inputs"] + vetoes["inputs"]}
    book = read_rulebook(text(yaml.safe_dump(whole, allow_unicode=True)))
    sheet = read_sheet(book, events)
    assert [entry.item for entry in sheet.entries] == [
        "late",
        "wrong",
        "visits",
        "late",
        "overdue",
        "absence",
    ]
    evaluation = evaluate(book, sheet)
    assert evaluation.eligible is False
    assert [veto.id for veto in evaluation.vetoes] == ["exposed", "quarrel"]
