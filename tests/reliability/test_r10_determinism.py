"""R10: the same values give the same bytes: from another process, on another day."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from app.attachments import store
from app.documents.models import Document
from app.documents.printing import TEMPLATES
from app.documents.renderer import Renderer
from app.extensions import db
from tests.web.test_sweep_access import all_plays

pytestmark = pytest.mark.usefixtures("quick_photos")


def numbered(site: Any) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Number what every form numbers; return values and evidence of one document of each template."""
    plays = all_plays(site)
    assert all(play.client for play in plays)  # signed in before one of them changes a password
    for play in plays:
        play.post()
    with site.app.app_context():
        rows = db.session.scalars(select(Document).order_by(Document.id.desc())).all()
        found = {row.template: (dict(row.values), list(row.evidence)) for row in rows}
        db.session.remove()
    return found


def digest(renderer: Renderer, site: Any, template: str, values: dict[str, Any], evidence: list[str]) -> str:
    root = site.settings.attachments
    photos = {sha256: store.path_of(root, sha256).read_bytes() for sha256 in evidence}
    return hashlib.sha256(renderer.render(template, values, photos)).hexdigest()


def test_a_document_rendered_again_is_the_same_file(
    site: Any, length: Any, tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = numbered(site)
    assert documents
    first, second = {}, {}
    times = length(1, 10)
    with Renderer() as renderer:
        for template, (values, evidence) in documents.items():
            first[template] = digest(renderer, site, template, values, evidence)
    monkeypatch.setenv("TZ", "America/New_York")
    for _ in range(times):
        with Renderer() as renderer:
            for template, (values, evidence) in reversed(documents.items()):
                second[template] = digest(renderer, site, template, values, evidence)
                if second[template] != first[template]:
                    break
    other = [template for template in documents if first[template] != second.get(template)]
    what = f"of {len(documents)} kinds of documents, rendered {times + 1} times, those with other bytes"
    tell(what, len(other), bar="0", held=not other, seen=other)
    assert TEMPLATES.is_dir()
