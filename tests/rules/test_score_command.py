"""The pure command `evaluations score`: bad files, and what it loads."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from app.evaluations.cli import evaluations
from tests.rules.rulebooks.tools import EXAMPLES, ROOT, SEEDS, items, text


def run(tmp_path, rulebook, events):
    paths = []
    for name, content in (("book.yaml", rulebook), ("events.json", events)):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(str(path))
    return CliRunner().invoke(evaluations, ["score", "--rulebook", paths[0], "--events", paths[1], "--json"])


RULES = items(
    "{id: x, name: 甲, deduct: [{if: {minutes: {over: 5}}, points: 1}]}",
    "{id: y, name: 乙, deduct: {from: 2, to: 5}}",
    "{id: z, name: 丙, per: shortfall, deduct: 1}",
    "{id: e, name: 丁, bonus: as_entered}",
) + (
    "inputs:\n  - {id: share, name: 得票, kind: votes}\n  - {id: months, name: 各月, kind: mean}\n"
    "  - {id: mark, name: 测评, at_least: 0, at_most: 100}\nvetoes:\n"
    "  - {id: v, name: 争吵, span: month, effect: no_award}\n"
)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ("", "第 1 行：不是有效的 JSON"),
        ('{"events": [\n{"item": "x"},\n]}', "第 3 行：不是有效的 JSON"),
        ("[]", "应当是一个 JSON 对象"),
        ('{"event": []}', "不认识的项目：event；这里可以写：events、people、inputs、vetoes、traits、share"),
        ('{"events": [], "events": []}', "“events”写了两次"),
        ('{"events": {}}', "“events”应当是一个列表"),
        ('{"events": [5]}', "第 1 条事件：应当是一个 JSON 对象"),
        ('{"events": [{"item": "w"}]}', "第 1 条事件：考核细则里没有条目“w”"),
        ('{"events": [{"count": 2}]}', "第 1 条事件：考核细则里没有条目“null”"),
        ('{"events": [{"item": "y", "colour": 1}]}', "第 1 条事件：不认识的项目：colour"),
        ('{"events": [{"item": "x"}]}', "“x 甲”：缺少“minutes”"),
        ('{"events": [{"item": "x", "facts": 5}]}', "facts 应当是"),
        ('{"events": [{"item": "x", "minutes": null}]}', "“null”应当是文字"),
        ('{"events": [{"item": "x", "minutes": 9, "count": -1}]}', "数量不能小于 0"),
        ('{"events": [{"item": "x", "minutes": 9, "count": "two"}]}', "“two”不是可用的数"),
        ('{"events": [{"item": "x", "minutes": 9, "count": [1]}]}', "不是数"),
        ('{"events": [{"item": "x", "minutes": 9, "count": 1e400}]}', "“1e400”不是可用的数"),
        ('{"events": [{"item": "x", "minutes": 9, "count": NaN}]}', "“NaN”不是可用的数"),
        ('{"events": [{"item": "x", "minutes": 9, "date": "5.3.2026"}]}', "“\"5.3.2026\"”不是日期"),
        ('{"events": [{"item": "x", "minutes": 9, "date": "2025-12-31"}]}', "当时没有施行中的考核细则"),
        ('{"events": [{"item": "x", "minutes": 9, "earlier": 1}]}', "earlier 应当是"),
        ('{"events": [{"item": "y"}]}', "“y 乙”：须在 2 至 5 分之间酌定，并写明理由"),
        ('{"events": [{"item": "y", "points": 4}]}', "写明理由"),
        ('{"events": [{"item": "y", "points": 6, "reason": "重"}]}', "6 分不在 2 至 5 分之间"),
        ('{"events": [{"item": "z", "actual": 5}]}', "没有目标或限度可比"),
        ('{"events": [{"item": "z", "actual": "五", "target": 8}]}', "“五”不是数"),
        ('{"events": [{"item": "e"}]}', "须填写分值"),
        ('{"people": [5]}', "第 1 人：应当是一个 JSON 对象"),
        ('{"people": [{"w": 5}]}', "第 1 人：考核细则里没有条目“w”"),
        ('{"people": [{"z": -1}]}', "第 1 人：数量不能小于 0"),
        ('{"people": [{"name": "李"}, {"name": "李"}]}', "第 2 人：“李”写了两次"),
        ('{"people": [{"events": [{"item": "w"}]}]}', "第 1 人：第 1 条事件：考核细则里没有条目“w”"),
        ('{"inputs": []}', "inputs 应当是"),
        ('{"inputs": {"w": 1}}', "没有输入项“w”；可以写：share、months、mark"),
        ('{"inputs": {"mark": 1}, "mark": 1}', "“mark”写了两次"),
        ('{"mark": 101}', "输入项“测评”：101 高于 100"),
        ('{"mark": -1}', "输入项“测评”：-1 低于 0"),
        ('{"mark": true}', "“true”不是数"),
        ('{"months": []}', "输入项“各月”：没有一个数"),
        ('{"months": [null]}', "没有一个数"),
        ('{"share": {"for": 1}}', "输入项“得票”：应当写 for、cast"),
        ('{"share": {"for": 1, "cast": 0}}', "1/0 不是有效的比例"),
        ('{"share": {"for": 3, "cast": 2}}', "3/2 不是有效的比例"),
        ('{"vetoes": ["w"]}', "考核细则里没有“w”；可以写：v"),
        ('{"traits": ["w"]}', "考核细则里没有“w”；可以写：—"),
        ("[" * 100_000, "嵌套太深"),
        ('{"note": "考核"}'.encode("gbk"), "文件不是 UTF-8"),
    ],
)  # fmt: skip
def test_bad_events_are_refused_with_exit_code_2(tmp_path, events, complaint):
    result = run(tmp_path, text(RULES), events)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("events.json：")
    assert complaint in result.stderr


def test_a_missing_input_is_named(tmp_path):
    year = "scores:\n  - {id: y, name: 年, base: 0, floor: 0, ceiling: none, parts: [{input: mark}]}\n"
    result = run(tmp_path, text(year + "categories: []\ninputs:\n  - {id: mark, name: 测评}\n"), "{}")
    assert (result.exit_code, result.stderr) == (2, "events.json：缺少输入项“测评”（mark）。\n")


def test_a_broken_rulebook_is_refused_with_its_lines(tmp_path):
    result = run(tmp_path, text("floor: 0\n"), "{}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("book.yaml：考核细则有误：\n第 14 行：不认识的项目“floor”")


def test_a_file_that_is_not_there_is_refused():
    result = CliRunner().invoke(evaluations, ["score", "--rulebook", "none.yaml", "--events", "none.json"])
    assert result.exit_code == 2


def test_keys_that_do_not_apply_are_left_out(tmp_path):
    assert list(json.loads(run(tmp_path, text(), "{}").stdout)) == ["score", "unrounded", "lines"]


def test_the_command_loads_neither_framework_nor_database(tmp_path):
    """As `./duban evaluations score` starts it: no secret, no settings, from any folder."""
    program = """
import runpy, sys
sys.argv[0] = "duban"
try:
    runpy.run_module("app.pure", run_name="__main__")
finally:
    print({"flask", "sqlalchemy", "jinja2", "werkzeug", "app.config"} & set(sys.modules), file=sys.stderr)
"""
    events = tmp_path / "events.json"
    events.write_text(json.dumps(EXAMPLES[0]["events"]), encoding="utf-8")
    rulebook = SEEDS / f"{EXAMPLES[0]['rulebook']}.yaml"
    arguments = ["evaluations", "score", "--rulebook", str(rulebook), "--events", "events.json", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert done.stderr == "set()\n"
    assert json.loads(done.stdout)["score"] == "5.00"


def test_the_script_takes_the_pure_way():
    script = (ROOT / "duban").read_text(encoding="utf-8")
    assert """'calendar due' | 'evaluations score') exec "$python" -P -m app.pure "$word" "$@" ;;""" in script
