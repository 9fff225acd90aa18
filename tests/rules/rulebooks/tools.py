"""Rulebooks for the tests: the shipped ones, and small ones written around the construct at hand."""

import json
from pathlib import Path

import yaml

from app.evaluations.event_files import read_sheet
from app.evaluations.reading import read_rulebook
from app.evaluations.scoring_rules import evaluate

ROOT = Path(__file__).resolve().parents[3]
SEEDS = ROOT / "seeds" / "rulebooks"
EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text(encoding="utf-8"))
HEAD = {
    "rulebook": """\
rulebook: hall
title: 大厅细则
version: 1
effective_from: 2026-01-01
subject: window
period: month
""",
    "scores": """\
scores:
  - {id: month, name: 月度得分, base: 100, floor: none, ceiling: none}
""",
    "categories": """\
categories:
  - id: discipline
    name: 劳动纪律
    items:
      - {id: late, name: 迟到, per: person_occurrence, deduct: 1}
""",
}


def shipped(name):
    return (SEEDS / f"{name}.yaml").read_text(encoding="utf-8")


def text(fragment=""):
    """Return a whole rulebook around a fragment; what the fragment writes itself is not added."""
    written = yaml.safe_load(fragment) or {}
    return "".join(part for key, part in HEAD.items() if key not in written) + fragment


def items(*lines, category="max: none"):
    """Return a fragment with these items in one category."""
    rows = "".join(f"      - {line}\n" for line in lines)
    return f"categories:\n  - id: work\n    name: 业务\n    {category}\n    items:\n{rows}"


def score(fragment, content):
    book = read_rulebook(text(fragment))
    return evaluate(book, read_sheet(book, json.dumps(content, default=str)))


def points(fragment, content):
    return score(fragment, content).result.unrounded
