"""The environment of templates. A list prints a thousand values; what each costs is what the page costs."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

# What `escape` does to a str, before it wraps it.
from markupsafe import _escape_inner as escape_text  # type: ignore[attr-defined]


def printed(value: Any) -> str:
    """Return a value as `escape` would, without making a Markup of what is joined into a page right away."""
    kind = type(value)
    if kind is str:
        return escape_text(value)
    return value if kind is Markup else escape(value)


class _Generator(CodeGenerator):
    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if finalize.src is None and frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
            self.write("environment.printed(")
        else:
            super()._output_child_pre(node, frame, finalize)


class Templates(Environment):
    code_generator_class = _Generator
    printed = staticmethod(printed)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # Jinja's chain of dicts makes it compare the names of all globals, one by one, at each import.
        return super().make_globals(d) if d else self.globals
