"""YAML as nodes that know their line. Values are read from the text as written, so no number is a float."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import yaml

from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.points import read_number

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
MAX_CHARACTERS = 200_000
MAX_DEPTH = 20
NONE = ("none", "null", "~", "")
FLAGS = {"true": True, "yes": True, "false": False, "no": False}


class Broken(Invalid):
    """Something is wrong on one line of the file."""

    def __init__(self, line: int, message: str, /, **params: Any) -> None:
        super().__init__(message, **params)
        self.line = line


class Node:
    """One value of the file. `faults` is shared by all nodes of a file."""

    def __init__(self, node: yaml.Node, faults: list[Broken]) -> None:
        self._node, self.faults = node, faults

    @property
    def line(self) -> int:
        return self._node.start_mark.line + 1

    def broken(self, message: str, /, **params: object) -> Broken:
        return Broken(self.line, message, **params)

    def fields(self, allowed: Collection[str], required: Collection[str] = ()) -> dict[str, Node]:
        """Read a mapping whose keys are known; those unknown, given twice or missing are faults."""
        found = self.entries()
        for key in [key for key in found if key not in allowed]:
            self.faults.append(
                Broken(
                    found.pop(key).key_line,
                    N_("不认识的项目“%(key)s”；这里可以写：%(allowed)s。"),
                    key=key,
                    allowed="、".join(allowed),
                )
            )
        if missing := [key for key in required if key not in found]:
            raise self.broken(N_("缺少：%(keys)s。"), keys="、".join(missing))
        return dict(found)

    def entries(self) -> dict[str, Entry]:
        """Read a mapping with any keys, each once."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.broken(N_("这里应当是“项目: 内容”。"))
        found: dict[str, Entry] = {}
        for key, value in self._node.value:
            name = Node(key, self.faults).text()
            if name in found:
                self.faults.append(Broken(key.start_mark.line + 1, N_("“%(key)s”写了两次。"), key=name))
            found[name] = Entry(value, self.faults, key.start_mark.line + 1)
        return found

    def elements(self) -> list[Node]:
        """Read a list; a single value stands for a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [Node(each, self.faults) for each in self._node.value]
        return [self]

    def each(self, read: Callable[[Node], T]) -> tuple[T, ...]:
        """Read every element of a list, keeping the faults of those that are broken."""
        found = []
        for element in self.elements():
            try:
                found.append(read(element))
            except Broken as fault:
                self.faults.append(fault)
        return tuple(found)

    @property
    def is_list(self) -> bool:
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self._node, yaml.MappingNode)

    def text(self) -> str:
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.broken(N_("这里应当是一行文字或一个数。"))
        return str(self._node.value).strip()

    def words(self) -> str:
        """Read a text that must not be empty."""
        if not (text := self.text()):
            raise self.broken(N_("这里不能为空。"))
        return text

    def number(self) -> Decimal:
        text = self.text()
        value = read_number(text)
        if value is None:
            raise self.broken(N_("“%(text)s”不是数，请写成 3 或 0.5 的形式。"), text=text)
        return value

    def share(self) -> Decimal:
        """Read a share, written as 0.3 or as 30%."""
        text = self.text()
        if not text.endswith("%"):
            return self.number()
        value = read_number(text[:-1].strip())
        if value is None:
            raise self.broken(N_("“%(text)s”不是数，请写成 0.3 或 30%% 的形式。"), text=text)
        return value / 100

    def number_or_none(self) -> Decimal | None:
        return None if self.text().lower() in NONE else self.number()

    def whole(self) -> int:
        value = self.number()
        if value != value.to_integral_value():
            raise self.broken(N_("“%(text)s”不是整数。"), text=self.text())
        return int(value)

    def flag(self) -> bool:
        if (text := self.text().lower()) not in FLAGS:
            raise self.broken(N_("“%(text)s”应当是 true 或 false。"), text=text)
        return FLAGS[text]

    def day(self) -> date:
        text = self.text()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or day.isoformat() != text:
            raise self.broken(N_("“%(text)s”不是日期，请写成 2026-01-01 的形式。"), text=text)
        return day

    def choice(self, kind: type[E]) -> E:
        text = self.text()
        if text not in list(kind):
            message = N_("不认识“%(text)s”；可以写：%(allowed)s。")
            raise self.broken(message, text=text, allowed="、".join(kind))
        return kind(text)


class Entry(Node):
    """The value of a key, which may begin on a later line than the key."""

    def __init__(self, node: yaml.Node, faults: list[Broken], key_line: int) -> None:
        super().__init__(node, faults)
        self.key_line = key_line


def parse(text: str) -> Node:
    """Return the root of a YAML text; raise Broken where it is not one plain YAML document."""
    if len(text) > MAX_CHARACTERS:
        raise Broken(1, N_("文件太大。"))
    try:
        _plain(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Broken(mark.line + 1 if mark else 1, N_("写法有误，不是有效的 YAML。")) from None
    except yaml.YAMLError:
        raise Broken(1, N_("文件中有不可用的字符。")) from None
    if root is None:
        raise Broken(1, N_("文件是空的。"))
    return Node(root, [])


def _plain(text: str) -> None:
    """Refuse references, tags and depths that no rulebook has, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            raise Broken(line, N_("这里不用 YAML 的引用和类型标记。"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Broken(line, N_("嵌套太深。"))


def line_of(root: Node, path: tuple[str | int, ...]) -> int:
    """Return the line of a path, or of the deepest part of it that is written out."""
    line, node = root.line, root
    for step in path:
        if isinstance(step, str) and node.is_mapping and step in (entries := node.entries()):
            node, line = entries[step], entries[step].key_line
        elif isinstance(step, int) and node.is_list and step < len(elements := node.elements()):
            node = elements[step]
            line = node.line
        elif not (step == 0 and not node.is_list):
            break
    return line
