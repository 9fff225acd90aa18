"""The page of one's own long work."""

from __future__ import annotations

from app.db.uow import short_transaction
from app.jobs import claims, results
from app.jobs.models import Job
from app.jobs.rules import RESULTS_KEPT, JobState
from tests.cast import NOW
from tests.factories.jobs import FILE, failed_job, finished_job, waiting_job
from tests.pages import Page, check_partial, follow


def test_the_list_leads_to_the_job_and_the_account_menu_to_the_list(site, sign_in):
    with site.app.app_context():
        job_id = waiting_job(site)["job_id"]
    wang = sign_in("wang")
    url = Page(wang.get("/")).one(".rail a[href='/jobs']")["href"]
    page = Page(wang.get(url))
    assert page.link("生成文书：问题") == f"/jobs/{job_id}"
    assert Page(sign_in("zhao").get("/jobs")).text(".empty").startswith("没有任务")


def test_a_page_asks_again_only_while_something_is_under_way(site, sign_in):
    with site.app.app_context():
        ids = waiting_job(site)
    wang = sign_in("wang")
    for url, root in ((f"/jobs/{ids['job_id']}", "#jobs-job"), ("/jobs", "#jobs-list")):
        assert Page(wang.get(url)).one(root)["hx-trigger"] == "every 2s"
        check_partial(wang, url)
    with site.app.app_context():
        claim = claims.claim(NOW)
        claims.beat(claim, 30, 120, NOW)
    page = Page(wang.get(f"/jobs/{ids['job_id']}"))
    assert (page.one("progress")["value"], page.one("progress")["max"]) == ("30", "120")
    assert "30 / 120" in page.text("main")
    with site.app.app_context():
        claims.finish(claim, NOW)
    for url in (f"/jobs/{ids['job_id']}", "/jobs"):
        assert not Page(wang.get(url)).all("[hx-trigger]")


def test_waiting_work_is_cancelled_and_running_work_says_it_is_being_cancelled(site, sign_in):
    with site.app.app_context():
        waiting, running = waiting_job(site)["job_id"], waiting_job(site)["job_id"]
        with short_transaction() as session:
            session.get_one(Job, running).state = JobState.RUNNING
    wang = sign_in("wang")
    page = follow(Page(wang.get(f"/jobs/{waiting}")).form().submit())
    assert "已取消" in page.text("main")
    page = follow(Page(wang.get(f"/jobs/{running}")).form().submit())
    assert "正在取消" in page.text("main")
    assert not page.all("main form")


def test_failed_work_says_why_and_is_tried_again(site, sign_in):
    with site.app.app_context():
        ids = failed_job(site)
    page = Page(sign_in("wang").get(f"/jobs/{ids['job_id']}"))
    assert "没有成功：照片缺失" in page.text("main")
    assert "等待执行" in follow(page.form().submit()).text("main")


def test_a_result_is_fetched_by_its_asker_for_a_week(site, sign_in, clock):
    with site.app.app_context():
        ids = finished_job(site)
    wang = sign_in("wang")
    page = Page(wang.get(f"/jobs/{ids['job_id']}"))
    assert page.link("查看结果") == "/"
    response = wang.get(page.link("下载"))
    assert (response.text, response.headers["Cache-Control"]) == ("结果", "no-store")
    assert response.headers["Content-Disposition"] == f"attachment; filename={FILE}"
    assert sign_in("zhao").get(page.link("下载")).status_code == 404
    assert wang.get(f"/jobs/{ids['job_id']}/files/other.txt").status_code == 404
    clock.now += RESULTS_KEPT
    with site.app.app_context():
        results.remove_old(site.settings, clock.now)
    wang = sign_in("wang")
    page = Page(wang.get(f"/jobs/{ids['job_id']}"))
    assert "已过保留期限" in page.text("main")
    assert wang.get(f"/jobs/{ids['job_id']}/files/{FILE}").status_code == 404
