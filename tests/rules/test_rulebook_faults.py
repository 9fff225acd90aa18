"""A broken rulebook is refused with every line that is wrong, and the reason."""

import re

import pytest

from app.evaluations.reading import BrokenRulebook, read_rulebook
from tests.rules.rulebooks.tools import HEAD, items, shipped, text

CYCLE = """\
result: a
scores:
  - {id: a, name: 甲, base: 0, floor: none, ceiling: none, parts: [{score: b}]} #!
  - id: b
    name: 乙
    base: 0
    floor: none
    ceiling: none
    parts: [{score: c}]
  - {id: c, name: 丙, base: 0, floor: none, ceiling: none, parts: [{score: a}]}
"""
ANSWERING = """\
result: a
scores:
  - {id: a, name: 甲, base: 0, floor: none, ceiling: none, answers_for: [{score: b, ratio: 0.5}]} #!
  - {id: b, name: 乙, base: 0, floor: none, ceiling: none, answers_for: [{score: a, ratio: 0.5}]}
"""
ZERO = "{id: a, name: 甲, base: 0, floor: none, ceiling: none"
OTHER = "{id: b, name: 乙, base: 0, floor: none, ceiling: none"
ALL = "{from: 5, times: 2, together: all, retroactive: no}"


def parts(*rows, inputs="[{id: x, name: 甲}, {id: y, name: 乙}, {id: z, name: 丙, optional: true}]"):
    listed = "".join(f"      - {row}\n" for row in rows)
    head = "scores:\n  - id: month\n    name: 月度得分\n    base: 0\n    floor: none\n    ceiling: none\n"
    return f"inputs: {inputs}\n{head}    parts:{' #!' * ('#!' not in listed)}\n{listed}"


def refused(written, **known):
    with pytest.raises(BrokenRulebook) as error:
        read_rulebook(written, **known)
    return error.value.faults


# The line marked with #! is the one to be named.
@pytest.mark.parametrize(
    ("fragment", "reason"),
    [
        # cycles, weights, unknown links, maxima below zero, unknown keys
        (CYCLE, "得分互相包含，无法计算：.*→"),
        (ANSWERING, "连带责任互相循环"),
        (parts("{input: x, weight: 0.3}", "{input: y, weight: 0.6}"), r"权重合计为 0\.9，应当为 1"),
        (parts("{input: x, weight: 30%}", "{input: y, weight: 80%}"), r"权重合计为 1\.1"),
        (parts("{input: x, weight: 1}", "{input: y}"), "都写 weight"),
        (parts("{input: x, weight: 1, worth: 10} #!"), "只能写一个"),
        (parts("{input: nobody} #!"), "没有名为“nobody”的项目"),
        (parts("{input: z} #!"), "可以不填，不能作为得分的组成部分"),
        (parts("{score: month}"), "互相包含"),
        (parts("{input: x, worth: 10, out_of: 0} #!"), "应当大于 0"),
        (parts("{input: x, out_of: 50} #!"), "out_of 要和 worth 一起写"),
        (f"scores:\n  - {ZERO}}}\n  - {OTHER}, parts: [{{mean_of: a}}]}} #!\n", "不是按人计算的"),
        (f"scores:\n  - {ZERO}, each_person: true}}\n  - {OTHER}, parts: [{{score: a}}]}} #!\n", "mean_of"),
        (parts("{weight: 1} #!"), "每一部分写明一个来源"),
        (items("{id: x, name: 甲, deduct: 1}", category="max: -5 #!\n    stop_at_zero: true"), "-5 小于 0"),
        (items("{id: x, name: 甲, deduct: 1}", category="bonus_cap: -1 #!"), "-1 小于 0"),
        (items("{id: x, name: 甲, deduct: 1}", category="max: 5 #!"), "须写明是否扣完为止"),
        (items("{id: x, name: 甲, deduct: 1}", category="stop_at_zero: true #!"), "没有写满分"),
        (items("{id: x, name: 甲, deduct: 1}", category="score: nobody #!"), "没有名为“nobody”的项目"),
        (items("{id: x, name: 甲, deduct: 1, at_most: -1} #!"), "-1 小于 0"),
        (items("{id: x, name: 甲, deduct: 1, colour: red} #!"), "不认识的项目“colour”；这里可以写：id、name"),
        ("floor: 0 #!\n", "不认识的项目“floor”"),
        # items
        (items("{id: x, name: 甲, deduct: -1} #!"), "-1 小于 0"),
        (items("{id: x, name: 甲, deduct: 1, bonus: 1} #!"), "deduct（扣分）或 bonus（加分）之一"),
        (items("{id: x, name: 甲} #!"), "deduct（扣分）或 bonus（加分）之一"),
        (items("{id: x, deduct: 1} #!"), "缺少：name"),
        (items("{id: x, name: 甲, deduct: one} #!"), "“one”不是数"),
        (items("{id: x, name: 甲, deduct: 1e3} #!"), "“1e3”不是数"),
        (items("{id: x, name: 甲, deduct: {from: 5, to: 2}} #!"), "幅度的上限低于下限"),
        (items("{id: x, name: 甲, deduct: {from: 5}} #!"), "缺少：to"),
        (items("{id: x, name: 甲, per: week, deduct: 1} #!"), "不认识“week”；可以写：occurrence、"),
        (items("{id: x, name: 甲, target: 8, deduct: 1} #!"), "只用于 per 为 shortfall"),
        (items("{id: x, name: 甲, per: excess, target: 8, threshold: 1, deduct: 1} #!"), "只能写一个"),
        (items("{id: x, name: 甲, per: excess, threshold: 1, each: 0, deduct: 1} #!"), "应当大于 0"),
        (items("{id: x, name: 甲, per: total, bonus: as_entered} #!"), "只能用固定分值或分档"),
        (items("{id: x, name: 甲, always: true, bonus: as_entered} #!"), "不能自动计分"),
        (items("{id: x, name: 甲, deduct: [{points: 1}, {points: 2}]} #!"), "永远用不上"),
        (items("{id: x, name: 甲, deduct: [{if: {a: {over: big}}, points: 1}]} #!"), "“big”不是数"),
        (items("{id: x, name: 甲, deduct: [{if: {a: {above: 1}}, points: 1}]} #!"), "不认识的项目“above”"),
        (items("{id: x, name: 甲, deduct: [{points: -1}]} #!"), "-1 小于 0"),
        # names
        (items("{id: x, name: 甲, deduct: 1}", "{id: x, name: 乙, deduct: 1} #!"), "名称“x”用了两次"),
        (items("{id: month, name: 甲, deduct: 1} #!"), "名称“month”用了两次"),
        (items("{id: base, name: 甲, deduct: 1} #!"), "名称“base”另有用途"),
        (items("{id: a b, name: 甲, deduct: 1} #!"), "只能用文字、数字"),
        # the rest
        ("result: nobody #!\n", "没有名为“nobody”的项目"),
        ("effective_until: 2025-12-31 #!\n", "失效日早于施行日"),
        ("effective_until: soon #!\n", "“soon”不是日期"),
        ("scores:\n  - {id: a, name: 甲, base: 0, floor: 9, ceiling: 1} #!\n", "下限高于上限"),
        ("scores:\n  - {id: a, name: 甲, base: 0, floor: 0} #!\n", "缺少：ceiling"),
        (f"scores:\n  - {ZERO}, each_person: true}} #!\n", "不能按人"),
        ("repeats:\n  - {from: 1, times: 2, together: all, retroactive: false} #!\n", "2 或更大"),
        ("repeats:\n  - {from: 2.5, times: 2, together: all, retroactive: false} #!\n", "不是整数"),
        ("repeats:\n  - {from: 5, times: 2, together: all, retroactive: maybe} #!\n", "true 或 false"),
        ("repeats:\n  - {from: 5, times: 2, together: all, retroactive: no, items: [x]} #!\n", "“x”的项目"),
        (f"repeats:\n  - {ALL}\n  - {ALL} #!\n", "另一条累计加重"),
        ("vetoes:\n  - {id: v, name: 甲, span: month, effect: no_award, items: [x]} #!\n", "“x”的项目"),
        ("vetoes:\n  - {id: v, name: 甲, span: month, effect: grade_cap, grade: x} #!\n", "“x”的项目"),
        ("vetoes:\n  - {id: v, name: 甲, span: month, effect: no_award, grade: x} #!\n", "只用于 effect 为"),
        ("outcomes:\n  - {id: o, name: 甲, if: {colour: {below: 60}}} #!\n", "“colour”的项目"),
        ("award: {name: 红旗窗口, quota: 0} #!\n", "名额应当大于 0"),
        ("award: {name: 红旗窗口, tie_breaks: [x]} #!\n", "“x”的项目"),
        ("inputs:\n  - {id: x, name: 甲, at_least: 5, at_most: 1} #!\n", "下限高于上限"),
        ("inputs:\n  - {id: x, name: 甲, kind: votes, full: 0} #!\n", "应当大于 0"),
        ("notes: [\"\"] #!\n", "不能为空"),
        ("notes: {a: b} #!\n", "一行文字"),
        ("categories: 5 #!\n", "“项目: 内容”"),
    ],
)  # fmt: skip
def test_it_is_refused_with_its_line(fragment, reason):
    written = text(fragment)
    marked = [number for number, line in enumerate(written.splitlines(), 1) if "#!" in line]
    faults = refused(written)
    assert [line for line, _ in faults] == marked, faults
    assert re.search(reason, faults[0][1]), faults


def test_everything_that_is_wrong_is_named_at_once():
    written = HEAD["rulebook"] + (
        "scores:\n  - {id: a, name: 甲, base: x, floor: 0, ceiling: none}\n"
        "  - {id: b, name: 乙, base: 0, floor: 0, ceiling: none, colour: red}\n"
    )
    with pytest.raises(BrokenRulebook) as error:
        read_rulebook(written)
    assert [line for line, _ in error.value.faults] == [8, 9]
    assert str(error.value) == (
        "考核细则有误：\n第 8 行：“x”不是数，请写成 3 或 0.5 的形式。\n"
        "第 9 行：不认识的项目“colour”；这里可以写：id、name、base、floor、ceiling、bonus_cap、each_person、"
        "parts、answers_for。"
    )


def test_links_lead_to_check_items_that_exist_and_only_once():
    written = text(
        items("{id: x, name: 甲, deduct: 1, links: [S01, S02]}", "{id: y, name: 乙, deduct: 1, links: S01}")
    )
    first, second = (number for number, line in enumerate(written.splitlines(), 1) if "links" in line)
    assert refused(written) == [(second, "“S01”已经连到另一条目。")]
    once = written.replace("links: S01}", "links: S03}")
    assert read_rulebook(once, links=frozenset({"S01", "S02", "S03"}))
    assert refused(once, links=frozenset({"S01", "S03"})) == [(first, "没有名为“S02”的项目可以引用。")]


def test_a_key_below_its_first_line_is_found_there():
    written = shipped("county_chiefrep_partial").replace("max: 15", "max: -15")
    line = written.splitlines().index("    max: -15") + 1
    assert refused(written) == [(line, "-15 小于 0；这里不能是负数。")]


@pytest.mark.parametrize(
    ("written", "line", "reason"),
    [
        ("", 1, "文件是空的"),
        ("- a\n- b\n", 1, "“项目: 内容”"),
        ("rulebook: hall\n", 1, "缺少：title、version"),
        (HEAD["rulebook"] + "scores: [\n", 8, "不是有效的 YAML"),
        (HEAD["rulebook"] + "\tscores: 1\n", 7, "不是有效的 YAML"),
        ("a: &x 1\nb: *x\n", 2, "引用和类型标记"),
        ("a: !!python/object:os.system {}\n", 1, "引用和类型标记"),
        ("a: 1\n---\nb: 2\n", 2, "不是有效的 YAML"),
        ("a: \x00\n", 1, "不可用的字符"),
        ("a: " + "[" * 5000 + "]" * 5000, 1, "嵌套太深"),
        ("#" * 200_001, 1, "文件太大"),
    ],
)
def test_what_is_no_rulebook_is_refused(written, line, reason):
    faults = refused(written)
    assert [(at, bool(re.search(reason, said))) for at, said in faults] == [(line, True)], faults


def test_a_key_written_twice_is_refused():
    assert refused(text().replace("version: 1", "version: 1\ntitle: 乙")) == [(4, "“title”写了两次。")]
