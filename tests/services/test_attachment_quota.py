"""What a centre may store: counted once, never beyond its quota, whoever comes at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from app.attachments import queries, rules, services
from app.attachments.models import StoredContent, StoredTotal
from app.core.errors import Invalid
from app.db.uow import short_transaction
from app.extensions import db
from app.settings.rules import Group
from tests.factories.settings import decide
from tests.services.test_inspections import in_parallel

pytestmark = pytest.mark.both_databases
QUOTA = rules.GIGABYTE


def take(centre_id: int, mark: str, size: int) -> None:
    with short_transaction() as session:
        services.take_room(session, centre_id, mark * 64, size, "片段.mp4")


@pytest.fixture
def centre(site: Any, db_context: Any) -> int:
    """The cast's centre, with a quota of one gigabyte."""
    decide(site, Group.ATTACHMENTS, attachment_quota_gb=1)
    return site.cast.centre


def test_a_content_counts_once_in_each_centre(centre: int, cast: Any) -> None:
    for _ in range(3):
        take(centre, "a", 1000)
    take(centre, "b", 500)
    take(cast.other_centre, "a", 1000)
    assert queries.space(db.session(), centre) == queries.Space(1500, QUOTA)
    assert queries.space(db.session(), cast.other_centre).used == 1000


def test_what_does_not_fit_is_refused_in_words_and_not_counted(centre: int) -> None:
    take(centre, "a", QUOTA - 1024)
    with pytest.raises(Invalid) as refusal:
        take(centre, "b", 2048)
    assert str(refusal.value) == (
        "“片段.mp4”没有保存：本中心附件空间共 1 GB，已用 1024 MB，放不下这个文件（2 KB）。"
        "请联系系统管理员增加配额。"
    )
    assert db.session.query(StoredContent).count() == 1
    take(centre, "a", QUOTA - 1024)  # what is there already may come again
    take(centre, "c", 1024)  # and what just fits, fits
    assert queries.space(db.session(), centre).used == QUOTA


def test_uploads_at_the_same_moment_do_not_pass_the_quota_together(site: Any, centre: int) -> None:
    third = QUOTA // 3
    db.session.remove()
    failures = in_parallel(site, [lambda mark=mark: take(centre, mark, third) for mark in "abcdef"])
    assert [type(failure) for failure in failures] == [Invalid] * 3
    assert db.session.get_one(StoredTotal, centre).size == 3 * third
    assert db.session.query(StoredContent).count() == 3


def test_the_same_content_at_the_same_moment_counts_once(site: Any, centre: int) -> None:
    db.session.remove()
    assert in_parallel(site, [lambda: take(centre, "a", 1000)] * 4) == []
    assert db.session.get_one(StoredTotal, centre).size == 1000
