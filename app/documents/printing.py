"""Print templates: plain values in, HTML out. A template sees `doc` and a few filters, nothing else."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, meta
from markupsafe import Markup

from app import clock
from app.core.i18n import N_
from app.documents.errors import DocumentError

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates" / "print"
STYLE = ROOT / "static" / "css" / "print.css"
_EVIDENCE = re.compile(r'src="evidence:([^"]*)"')  # a quote in a value is escaped, so this is markup
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class PrintedForm:
    """What every printed form says; number, code and address follow when it is numbered."""

    centre_name: str
    issued_on: date
    number: str = ""
    verify_url: str = ""
    code: str = ""
    mark: str | None = None  # 样稿 on a preview, 作废 on a copy of a void paper
    checkpoint: str | None = None


def plain(doc: object) -> dict[str, object]:
    """Return the values of a document dataclass as JSON knows them: dates become ISO strings."""
    if not is_dataclass(doc) or isinstance(doc, type):
        raise TypeError("a document is a dataclass instance")
    return {name: _to_json(value) for name, value in asdict(doc).items()}


def _to_json(value: object) -> object:
    match value:
        case date():  # datetime too
            return value.isoformat()
        case dict():
            return {name: _to_json(item) for name, item in value.items()}
        case tuple() | list():
            return [_to_json(item) for item in value]
    return value


def tidy(text: str) -> str:
    """Return text without what cannot or should not be printed.

    Control characters, unpaired surrogates and what XML forbids would break the page; invisible
    characters (Unicode Cf) and variation selectors could reorder or hide what the reader sees. Private
    use and unassigned characters stay: old systems keep rare names there, and a gap must be visible.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return "".join(c for c in text if c == "\n" or not _unprintable(c))


def _unprintable(char: str) -> bool:
    code = ord(char)
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return selector or noncharacter or unicodedata.category(char) in {"Cc", "Cf", "Cs"}


def _restore(value: object) -> object:
    """Turn plain values into what a template reads: attributes instead of keys, tidy text."""
    match value:
        case str():
            return tidy(value)
        case dict():
            return SimpleNamespace(**{name: _restore(item) for name, item in value.items()})
        case list() | tuple():
            return [_restore(item) for item in value]
    return value


def _printed(value: object) -> object:
    if value is None:
        raise DocumentError(N_("文书有一项内容为空，模板没有说明如何打印。"))
    return value


def cn_date(value: date | str) -> str:
    """Return 2026年11月2日: Arabic figures, no zero padding (GB/T 9704)."""
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日"


def cn_datetime(value: datetime | str) -> str:
    """Return 2026年11月2日 9:05 in office time; a time without zone is taken as office time."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo:
        moment = clock.local(moment)
    return f"{cn_date(moment)} {moment.hour}:{moment.minute:02}"


def qr(url: str) -> Markup:
    """Return the QR code of an address as inline SVG, without a size of its own."""
    code = segno.make(url, error="m", micro=False)
    return Markup(code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704


def site(url: str) -> str:
    """Return where a code is typed in to be verified: the address without the code."""
    return url.rpartition("/")[0]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters |= {"cn_date": cn_date, "cn_datetime": cn_datetime, "qr": qr, "site": site}
    return environment


def render_html(template_name: str, doc: Mapping[str, object], evidence_names: Collection[str]) -> str:
    """Return the page of a document from its plain values (see `plain`).

    `evidence_names` are the SHA-256 of the images that will be handed to the PDF engine; a page that
    shows another one is refused here, before any work is done.
    """
    try:
        html = _environment().get_template(template_name).render(doc=_restore(dict(doc)))
    except TemplateError as error:
        raise DocumentError(N_("文书模板与内容不符：%(detail)s"), detail=str(error)) from error
    for name in _EVIDENCE.findall(html):
        if name not in evidence_names:
            raise DocumentError(N_("文书引用了未随附的证据：%(sha256)s"), sha256=name)
    return html


def template_version(name: str) -> str:
    """Return the SHA-256 of a template, all it extends or includes, and the style sheet.

    Stored with a numbered document, it says which layout its values were made for.
    """
    environment = _environment()
    seen: dict[str, bytes] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        source = (TEMPLATES / current).read_bytes()
        seen[current] = source
        named = meta.find_referenced_templates(environment.parse(source.decode()))
        waiting += [other for other in named if other]
    digest = hashlib.sha256(hashlib.sha256(STYLE.read_bytes()).digest())
    for current, source in sorted(seen.items()):
        digest.update(current.encode() + b"\0" + hashlib.sha256(source).digest())
    return digest.hexdigest()
