"""The workbooks of an import: a template to fill in, and the bad rows to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, BinaryIO

from app.core.i18n import N_
from app.transfers.importing import EXAMPLE, Checker, Import
from app.transfers.workbook import Column, Sheets

REASON = N_("问题")


def write_template(file: BinaryIO, kind: Import, checker: Checker) -> None:
    """Write a workbook with a head, one example row, drop-downs, and what each column means."""
    example = [each.example for each in kind.fields]
    example[0] = EXAMPLE + example[0]
    columns = [Column(each.label, _at(place), each.width) for place, each in enumerate(kind.fields)]
    choices = {kind.places[name]: words for name, words in checker.choices.items() if words}
    with closing(Sheets(file, {})) as sheets:
        sheets.add(kind.title, columns, [example], choices)
        sheets.note(
            [
                (each.label, N_("必填") if each.required else N_("选填；空着就不改动已有的内容"))
                for each in kind.fields
            ]
            + [(EXAMPLE, N_("以“示例”开头的行不导入。"))]
        )


def write_problems(
    file: BinaryIO, kind: Import, heads: Sequence[str], rows: Iterable[tuple[list[Any], str]]
) -> None:
    """Write bad rows under their own head, with the reasons in a last column; it can be uploaded again."""
    columns = [Column(head, _at(place)) for place, head in enumerate(heads) if head != REASON]
    columns.append(Column(REASON, lambda cells: cells[-1], 60))
    with closing(Sheets(file, {})) as sheets:
        sheets.add(kind.title, columns, (_padded(cells, heads, said) for cells, said in rows))


def _padded(cells: Sequence[Any], heads: Sequence[str], said: str) -> list[Any]:
    return [*cells[: len(heads)], *[""] * (len(heads) - len(cells)), said]


def _at(place: int) -> Callable[[Sequence[Any]], Any]:
    return lambda cells: cells[place]
