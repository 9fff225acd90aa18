import pytest
from jinja2 import DictLoader
from markupsafe import Markup, escape

from app.web.templating import Templates, printed


@pytest.mark.parametrize("value", ["<a & \"b'>", "", Markup("<b>"), 3, None, 1.5, Markup("%s") % "<"])
def test_what_is_printed_is_what_escape_would_print(value):
    assert str(printed(value)) == str(escape(value))


def test_templates_escape_values_and_keep_markup():
    environment = Templates(_App(), loader=DictLoader(PAGES), autoescape=True)
    page = environment.get_template("page").render(bad="<script>", good=Markup("<b>"))
    assert page == "<i>&lt;script&gt;</i><b>&lt;script&gt;&amp;<i>&lt;script&gt;</i>"


def test_templates_see_globals_that_come_later():
    environment = Templates(_App(), loader=DictLoader({"page": "{{ late }}"}), autoescape=True)
    environment.get_template("page")
    environment.globals["late"] = "<"
    assert environment.get_template("page").render() == "&lt;"


PAGES = {
    "page": '{% from "macros" import shown %}{{ shown(bad) }}{{ good }}{% set kept %}{{ bad }}{% endset %}'
    '{{ kept }}{{ "&" }}{{ shown(bad) | string }}',
    "macros": "{% macro shown(value) %}<i>{{ value }}</i>{% endmacro %}",
}


class _App:
    """As much of an application as an environment asks for at its start."""

    blueprints: dict[str, object] = {}  # noqa: RUF012

    def create_global_jinja_loader(self):
        return DictLoader({})
