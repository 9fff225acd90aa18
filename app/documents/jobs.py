"""Issuing documents: rendered outside of any transaction, by one warm child of this process."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from app import clock
from app.attachments import store
from app.config import Settings
from app.core.i18n import N_
from app.db.uow import end_reading, unit_of_work
from app.documents import queries, services
from app.documents.errors import DocumentError
from app.documents.renderer import Renderer
from app.documents.rules import RENDER
from app.jobs.worker import Task
from app.permissions import Origin, system_actor

_renderers: dict[Path, Renderer] = {}  # by the site's folder of fonts: one, but for tests

log = logging.getLogger(__name__)


def _renderer(settings: Settings) -> Renderer:
    folder = settings.instance / "fonts"
    return _renderers.setdefault(folder, Renderer(folder))


def start(settings: Settings) -> None:
    """Warm the renderer with a page that has nothing but its foot; without it documents stay numbered."""
    foot = {"number": "", "code": "", "verify_url": settings.base_url, "mark": None, "checkpoint": None}
    try:
        _renderer(settings).render("_frame.html", foot)
    except DocumentError as error:
        log.error("documents cannot be rendered: %s", error)


def stop() -> None:
    """End the renderer's child process."""
    while _renderers:
        _renderers.popitem()[1].close()


def render(task: Task) -> None:
    """Render a numbered document and issue it; one that is issued or void already is left alone."""
    document_id = int(task.args["document_id"])
    found = queries.values_to_render(document_id)
    if found is None:
        return
    template, values, evidence = found
    end_reading()  # nothing is held open while the page is made
    content = _renderer(task.settings).render(
        template, values, {sha256: _photo(task.settings, sha256) for sha256 in evidence}
    )
    actor = system_actor(N_("后台任务"), Origin(route=RENDER))
    with unit_of_work(actor, clock.now()) as uow:
        services.issue(uow, document_id, content)


def issue_papers(settings: Settings, document_ids: Sequence[int]) -> None:
    """Issue many numbered documents, laid out as one; those that somebody else has issued are left alone."""
    waiting = queries.papers_to_render(document_ids)
    end_reading()
    if not waiting:
        return
    papers = [(template, values) for _id, template, values in waiting]
    contents = _renderer(settings).render_papers(papers)
    actor = system_actor(N_("后台任务"), Origin(route=RENDER))
    with unit_of_work(actor, clock.now()) as uow:
        services.issue_waiting(uow, [row[0] for row in waiting], contents)


def _photo(settings: Settings, sha256: str) -> bytes:
    try:
        return store.path_of(settings.attachments, sha256).read_bytes()
    except OSError as error:
        raise DocumentError(N_("证据照片无法读取：%(sha256)s"), sha256=sha256) from error


HANDLERS = {RENDER: render}
