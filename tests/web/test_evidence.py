"""Evidence as people hand it in and look at it: every kind of file, on every form that takes one."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from app.attachments.models import Attachment, StoredTotal
from app.extensions import db
from app.settings.rules import Group
from tests import evidence_files as made
from tests.factories.inspections import begin, completed, jpeg, submitted
from tests.factories.rectifications import received
from tests.factories.settings import decide
from tests.pages import Page, follow
from tests.web.test_rectifications import made as in_context

CAMERA = "A区2号枪机"


def upload(*files: tuple[bytes, str]) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(content), name) for content, name in files]


ALL = (
    (jpeg(), "现场.jpg"),
    (made.mp4(), "现场.mp4"),
    (made.pdf(), "通知.pdf"),
    (made.office("xlsx"), "排班.xlsx"),
)


@pytest.fixture
def finding_form(site: Any, app: Any, cast: Any, sign_in: Any) -> Any:
    with app.app_context():
        draft_id = begin(site).id
    url = f"/patrols/drafts/{draft_id}/points/{cast.point_a}/findings/new?item=A-01"
    return Page(sign_in("wang").get(url)).form("#finding-form")


def test_a_finding_takes_every_kind_and_shows_each_as_it_can(
    site: Any, app: Any, cast: Any, sign_in: Any
) -> None:
    with app.app_context():
        draft_id = completed(site)
    wang = sign_in("wang")
    page = Page(wang.get(f"/patrols/drafts/{draft_id}/findings/f1"))
    assert [pick.get_text(strip=True) for pick in page.all("#photos .photo-pick")] == [
        "拍照",
        "选照片",
        "其他文件",
    ]
    form = page.form("#finding-form")
    form.values["photos"] = upload(*ALL)
    form.values["recordings"] = upload((made.webm(), "录像.webm"))
    follow(form.fill(camera=CAMERA).submit())
    submit = Page(wang.get(f"/patrols/drafts/{draft_id}")).form(f"form[action$='/drafts/{draft_id}/submit']")
    follow(submit.submit())
    shown = Page(wang.get("/findings/1"))
    assert len(shown.all(".photos img")) == 1
    assert [clip["src"].rsplit("/", 1)[1] for clip in shown.all(".photos video")] == ["play", "play"]
    papers = [row.get_text(strip=True) for row in shown.all(".file-type, .file-name")]
    assert papers == ["PDF", "通知.pdf", "XLSX", "排班.xlsx"]
    assert "取自录像：A区2号枪机（2026-11-18）" in shown.text(".photos")
    assert "录像保存至 2026-12-18" in shown.text(".facts")
    assert "已存证" in shown.text(".facts")
    for link in (*shown.all(".photos a"), *shown.all(".files a"), *shown.all("video")):
        answer = wang.get(link.get("href") or link["src"])
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        shown_in_place = answer.mimetype in ("image/jpeg", "video/mp4", "video/webm")
        assert answer.headers["Content-Disposition"].startswith(
            ("attachment", "inline" if shown_in_place else "-")
        )
    with app.app_context():
        assert db.session.get_one(StoredTotal, cast.centre).size == sum(
            size for (size,) in db.session.query(Attachment.size)
        )


def test_a_video_may_play_on_our_pages_and_nothing_else_may(sign_in: Any) -> None:
    policy = sign_in("wang").get("/findings").headers["Content-Security-Policy"]
    assert "media-src 'self';" in policy
    assert policy.startswith("default-src 'none';")


def test_good_files_are_kept_beside_bad_ones_and_every_bad_one_is_named(
    finding_form: Any, sign_in: Any
) -> None:
    finding_form.values["photos"] = upload(
        *ALL,
        (b"<html><script>alert(1)</script>", "通知.pdf"),
        (made.mp4()[:-60], "断了.mp4"),
        (b"", "空.docx"),
    )
    finding_form.fill(note="窗口无人。", camera=CAMERA)
    page = Page(finding_form.submit(), 422)
    said = page.text(".errors")
    for words in ("“通知.pdf”不能作为证据上传", "“断了.mp4”不完整或已损坏", "“空.docx”是空文件"):
        assert words in said
    back = page.form("#finding-form")
    assert (back.values["note"], back.values["camera"], len(back.values["photo"])) == (
        ["窗口无人。"],
        [CAMERA],
        4,
    )
    assert "排班.xlsx" in page.text(".photo-kept")
    assert follow(back.submit()).title == "A01 企业开办"


def test_a_recording_without_its_camera_comes_back_with_the_file_kept(finding_form: Any) -> None:
    finding_form.values["recordings"] = upload((made.mp4(), "录像.mp4"))
    page = Page(finding_form.fill(camera="").submit(), 422)
    assert "请填写录像来自哪台摄像机或录像机。" in page.text(".errors")
    assert page.one("#recordings").has_attr("open")
    assert "保留（取自录像）" in page.text(".photo-kept")
    assert follow(page.form("#finding-form").fill(camera=CAMERA).submit()).title == "A01 企业开办"


def test_a_full_centre_is_told_so_and_loses_nothing(
    site: Any, app: Any, cast: Any, finding_form: Any
) -> None:
    with app.app_context():
        decide(site, Group.ATTACHMENTS, attachment_quota_gb=1)
        from app.db.uow import short_transaction

        with short_transaction() as session:
            session.add(StoredTotal(centre_id=cast.centre, size=1024**3 - 10))
    finding_form.values["photos"] = upload((made.pdf(), "说明.pdf"))
    page = Page(finding_form.fill(note="窗口无人。").submit(), 422)
    assert "“说明.pdf”没有保存：本中心附件空间共 1 GB" in page.text(".errors")
    assert "本中心附件空间已用 1024 MB，共 1 GB。" in page.text("#photos-hint")
    assert page.form("#finding-form").values["note"] == ["窗口无人。"]
    assert not [path for path in site.settings.attachments.rglob("*") if path.is_file()]


def test_a_department_hands_in_a_film_and_papers(site: Any, app: Any, sign_in: Any) -> None:
    url, _ = in_context(app, site, received)
    chief = sign_in("chief_a")
    (form,) = Page(chief.get(url)).forms_to(f"{url}/submit")
    form.values["photos"] = upload(*ALL[1:])
    page = follow(form.fill(measures="已整改。").submit())
    assert len(page.all("video")) == 1
    assert [row.get_text(strip=True) for row in page.all(".file-name")] == ["通知.pdf", "排班.xlsx"]
    for link in page.all(".files a"):
        assert chief.get(link["href"]).headers["Content-Disposition"].startswith("attachment")
        assert sign_in("chief_b").get(link["href"]).status_code == 404


def test_evidence_is_added_later_and_the_date_is_shown_until_then(
    site: Any, app: Any, sign_in: Any, clock: Any
) -> None:
    with app.app_context():
        finding_id = submitted(site)[1]
    wang = sign_in("wang")
    page = follow(
        Page(wang.get(f"/findings/{finding_id}")).form("#evidence-form").fill(camera=CAMERA).submit()
    )
    assert re.search(r"录像保存至 2026-12-18 周五 待存证 还有 30 天", page.text(".facts"))
    clock.tick(days=25)
    wang = sign_in("wang")
    assert "即将到期 还有 5 天" in Page(wang.get(f"/findings/{finding_id}")).text(".facts")
    clock.tick(days=6)
    wang = sign_in("wang")
    page = Page(wang.get(f"/findings/{finding_id}"))
    assert "已过保存期" in page.text(".facts")
    assert page.one(".facts .tag.k-overdue")
    form = page.form("#evidence-form")
    form.values["recordings"] = upload((made.mp4(), "录像.mp4"), (b"MZ", "播放器.exe"))
    kept = Page(form.submit(), 422)
    assert "“播放器.exe”不能作为证据上传" in kept.text(".errors")
    assert "已存证" in kept.text(".facts"), "the good file is kept at once"
    assert len(kept.all("video")) == 1


def test_who_only_reads_cannot_add(site: Any, app: Any, sign_in: Any) -> None:
    with app.app_context():
        finding_id = submitted(site)[1]
    director = sign_in("director")
    assert not Page(director.get(f"/findings/{finding_id}")).all("#evidence-form")
    assert director.post(f"/findings/{finding_id}/files").status_code == 403
