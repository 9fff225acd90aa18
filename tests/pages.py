"""A page as its reader meets it: every construction checks what all pages promise."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "headers", "list", "form")
ADDRESSES = {
    "href": "GET",
    "src": "GET",
    "action": "GET",
    "hx-get": "GET",
    "hx-post": "POST",
    "formaction": "",
}
UNLABELLED = ("hidden", "submit", "button", "reset", "image")


class Page:
    """One answer in HTML. Raises AssertionError, naming the element, where a promise is broken."""

    def __init__(self, response: TestResponse, status: int = 200) -> None:
        assert response.status_code == status, f"{response.status_code}, not {status}: {gist(response)}"
        assert response.content_type == "text/html; charset=utf-8", response.content_type
        self.response = response
        self.address = response.request.path
        self.html = response.text
        self.soup = BeautifulSoup(self.html, "html.parser")
        self.full = self.soup.html is not None
        self._tags = self.soup.find_all(
            True
        )  # the checks below look at every one: CSS would take ten times as long
        self._client = response.request.environ["duban.client"]
        _check_nesting(self.html)
        self._check_frame()
        self._check_ids()
        self._check_no_inline_code()
        self._check_addresses()
        self._check_forms()
        self._check_words()

    # --- what a test asks for ---

    @property
    def title(self) -> str:
        """The text of the one h1."""
        return self.text("h1")

    def all(self, css: str) -> list[Tag]:
        return list(self.soup.select(css))

    def one(self, css: str) -> Tag:
        found = self.all(css)
        assert len(found) == 1, f"{len(found)} elements match {css!r} on {self.address}"
        return found[0]

    def text(self, css: str = "body") -> str:
        """Return the text of the one element, as it is read: runs of white space are one space."""
        return _text(self.one(css))

    def rows(self, css: str) -> list[list[str]]:
        """Return the cells of every table row in the one element."""
        return [[_text(cell) for cell in row.select("th, td")] for row in self.one(css).select("tr")]

    def link(self, text: str) -> str:
        """Return the address of the one link with this text."""
        found = {str(a["href"]) for a in self.all("a[href]") if _text(a) == text}
        assert len(found) == 1, f"{len(found)} links say {text!r} on {self.address}"
        return found.pop()

    def form(self, css: str = "main form") -> Form:
        """Return the one form, to be filled in and submitted as a browser without scripts would."""
        return Form(self, self.one(css))

    def forms_to(self, url: str, method: str = "post") -> list[Form]:
        """Return the forms that would be sent to an address."""
        forms = (Form(self, form) for form in self.all("form"))
        return [form for form in forms if form.action == url and form.method == method]

    # --- what every page promises ---

    def _with(self, attribute: str) -> list[Tag]:
        return [tag for tag in self._tags if attribute in tag.attrs]

    def _named(self, *names: str) -> list[Tag]:
        return [tag for tag in self._tags if tag.name in names]

    def _check_frame(self) -> None:
        if not self.full:
            roots = [node for node in self.soup.contents if isinstance(node, Tag)]
            assert len(roots) == 1 and roots[0].get("id"), f"a partial is one element with an id: {roots}"
            return
        assert self.html.lower().startswith("<!doctype html>")
        assert self.soup.html and self.soup.html.get("lang") in ("zh-Hans", "en"), "html lang"
        headings = self.all("h1")
        assert len(headings) == 1, f"{len(headings)} h1 on {self.address}"
        title = _text(self.one("head > title"))
        heading = _text(headings[0])
        # The number of an error stands beside its heading, not in the title.
        assert heading and re.sub(r"^\d{3}", "", heading) in title, f"{title!r} lacks {heading!r}"
        self.one("main")

    def _check_ids(self) -> None:
        ids = [str(tag["id"]) for tag in self._with("id")]
        assert len(ids) == len(set(ids)), f"repeated ids: {sorted({i for i in ids if ids.count(i) > 1})}"
        if not self.full:
            return
        for name in REFERENCES:
            for tag in self._with(name):
                missing = set(str(tag[name]).split()) - set(ids)
                assert not missing, f"{name} of {_tag(tag)} names {missing}"
        places = {"#", *(f"#{name}" for name in ids)}
        for name in ("href", "hx-target"):
            for tag in self._with(name):
                assert not str(tag[name]).startswith("#") or tag[name] in places, f"{_tag(tag)} leads nowhere"

    def _check_no_inline_code(self) -> None:
        for tag in self._tags:
            bad = [name for name in tag.attrs if name == "style" or name.startswith("on")]
            assert not bad, f"{bad} on {_tag(tag)}"
        assert not self._named("style"), "an inline style sheet"
        for script in self._named("script"):
            assert script.get("src") and not script.get_text(strip=True), f"inline script: {script}"

    def _check_addresses(self) -> None:
        adapter = self._client.application.url_map.bind("localhost")
        for name, method in ADDRESSES.items():
            for tag in self._with(name):
                address = str(tag[name])
                if address.startswith(("#", "mailto:", "tel:", "data:image/")):  # anchors: _check_ids
                    continue
                parts = urlsplit(address)
                assert not parts.scheme and not parts.netloc, f"{address} is a foreign host or scheme"
                path = urlsplit(urljoin(self.address, address)).path
                verb = str(tag.get("method", "get")).upper() if name == "action" else method
                try:
                    adapter.match(path, method=verb or "POST")
                except RequestRedirect:
                    pass
                except HTTPException as error:
                    raise AssertionError(f"{verb} {address} of {_tag(tag)}: {error.code}") from None

    def _check_forms(self) -> None:
        labels = {str(label["for"]) for label in self._with("for") if _text(label)}
        for field in self._named("input", "select", "textarea"):
            if field.get("type") in UNLABELLED:
                continue
            named = field.get("aria-label") or field.get("aria-labelledby") or field.get("id") in labels
            around = field.find_parent("label")
            assert named or (around and _text(around) != _text(field)), f"no label for {_tag(field)}"
        for form in self._named("form"):
            assert form.has_attr("action"), f"no action: {_tag(form)}"
            tokens = form.find_all("input", {"name": "csrf_token"})
            if str(form.get("method", "get")).lower() == "post":
                assert len(tokens) == 1 and tokens[0].get("value"), f"no token in {_tag(form)}"
            else:
                assert not tokens, f"a token in the address: {_tag(form)}"
            if form.find("input", type="file"):
                assert form.get("enctype") == "multipart/form-data", f"files are lost: {_tag(form)}"
        for button in self._named("button", "a", "summary"):
            drawn = any(image.get("alt") for image in button.find_all("img"))
            said = _text(button) or button.get("aria-label") or drawn
            assert said, f"nothing says what {_tag(button)} does"
        for image in self._named("img"):
            assert image.has_attr("alt"), f"no alt: {_tag(image)}"

    def _check_words(self) -> None:
        """Refuse what a reader should never see: a Python value, a placeholder that was not filled."""
        for text in self.soup.find_all(string=True):
            assert text.strip() not in ("None", "True", "False", "[]", "{}", "Undefined"), (
                f"{text!r} in {_tag(text.parent)}"
            )
            assert not re.search(r"%\(\w+\)[sd]|<bound method|<\w+ object at 0x", text), text


class Form:
    """A form on a page, filled in and sent as a browser without scripts would do it."""

    def __init__(self, page: Page, tag: Tag) -> None:
        self.page, self.tag = page, tag
        self.method = str(tag.get("method", "get")).lower()
        self.action = urljoin(page.address, str(tag["action"]))
        self.values: dict[str, list[Any]] = {}
        for control in self.controls:
            self.values.setdefault(str(control["name"]), []).extend(_initial(control))

    @property
    def controls(self) -> list[Tag]:
        """The controls that send something, those outside that name this form included."""
        found = [*self.tag.select("input[name], select[name], textarea[name]")]
        if self.tag.get("id"):
            found += [tag for tag in self.page.all(f"[form={self.tag['id']}][name]") if tag not in found]
        return [
            tag for tag in found if not tag.has_attr("disabled") and tag.get("type") not in UNLABELLED[1:]
        ]

    @property
    def names(self) -> set[str]:
        buttons = {str(button["name"]) for button in self.tag.select("button[name]")}
        return {str(control["name"]) for control in self.controls} | buttons

    def fill(self, **values: Any) -> Self:
        """Enter values by name: text, one or several of a choice's values, True for a lone checkbox."""
        for name, value in values.items():
            assert name in self.names, f"the form to {self.action} has {sorted(self.names)}, not {name!r}"
            wanted = value if isinstance(value, list) else [value]
            choices = self.choices(name)
            if choices is not None:
                wanted = [
                    choices[0] if one is True else str(one) for one in wanted if one not in (False, None)
                ]
                assert set(wanted) <= set(choices), f"{name} offers {choices}, not {wanted}"
            self.values[name] = wanted
        return self

    def choices(self, name: str) -> list[str] | None:
        """Return what a field offers to choose from, or None where anything may be entered."""
        controls = [tag for tag in self.controls if tag["name"] == name]
        if controls and controls[0].name == "select":
            return [_value(option) for option in controls[0].select("option:not([disabled])")]
        if controls and controls[0].get("type") in ("radio", "checkbox"):
            return [_value(tag) for tag in controls]
        buttons = [_value(tag) for tag in self.tag.select("button[name]") if tag["name"] == name]
        return buttons if buttons and not controls else None

    def submit(self, client: Any = None) -> TestResponse:
        """Send the form, by default through the client that fetched the page."""
        client = client or self.page._client
        if self.method == "get":
            return client.get(self.action, query_string=self.values)
        return client.post(self.action, data=self.values, csrf=False)


def follow(response: TestResponse) -> Page:
    """Return the page that a finished change leads to."""
    assert response.status_code == 303, f"{response.status_code}: {gist(response)}"
    return Page(response.request.environ["duban.client"].get(response.location))


def check_partial(client: Any, url: str) -> None:
    """Check that htmx gets the part, and that a boosted or restored visit gets the whole page."""
    asked = {"HX-Request": "true"}
    whole, part = Page(client.get(url)), Page(client.get(url, headers=asked))
    assert whole.full
    assert not part.full
    assert "HX-Request" in part.response.headers["Vary"]
    root = next(node for node in part.soup.contents if isinstance(node, Tag))
    assert _text(root) == whole.text(f"#{root['id']}")
    for extra in ({"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}):
        assert Page(client.get(url, headers={**asked, **extra})).full


class _Nesting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert tag not in VOID, f"</{tag}>"
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}> at {self.getpos()}"
        self.open.pop()


def _check_nesting(html: str) -> None:
    parser = _Nesting()
    parser.feed(html)
    parser.close()
    assert not parser.open, f"never closed: {parser.open}"


def _initial(control: Tag) -> list[Any]:
    if control.name == "textarea":
        return [re.sub(r"^\r?\n", "", control.get_text())]
    if control.name == "select":
        options = control.select("option")
        chosen = [option for option in options if option.has_attr("selected")]
        if not chosen and not control.has_attr("multiple"):
            chosen = options[:1]
        return [_value(option) for option in chosen]
    if control.get("type") in ("radio", "checkbox"):
        return [_value(control)] if control.has_attr("checked") else []
    return [] if control.get("type") == "file" else [control.get("value", "")]


def _value(tag: Tag) -> str:
    fallback = "on" if tag.get("type") in ("radio", "checkbox") else _text(tag)
    return str(tag.get("value", fallback))


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def _tag(tag: Any) -> str:
    return str(tag).split(">")[0] + ">"


def gist(response: TestResponse) -> str:
    """Return what an answer says, for a failing test to quote."""
    if response.location:
        return f"to {response.location}"
    soup = BeautifulSoup(response.get_data(), "html.parser")
    return _text(soup.main or soup)[:300]
