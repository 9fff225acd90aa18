"""The printed rectification notice 整改通知书: plain values for its template."""

from dataclasses import dataclass
from datetime import date

NOTICE_TEMPLATE = "rectifications/notice.html"


@dataclass(frozen=True)
class NoticeFact:
    """One finding as the notice states it."""

    occurred_at: str  # to the minute, office time
    place: str
    item: str  # code and wording of the check item
    person_or_post: str | None = None
    clause: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class NoticePhoto:
    """A piece of evidence shown in the notice; `sha256` is that of the printed bytes."""

    sha256: str
    caption: str  # with the time it was taken


@dataclass(frozen=True)
class RectificationNotice:
    """Everything the printed notice says; fields after supervision.md 7.2 (1)."""

    centre_name: str
    number: str
    recipient: str  # 主送: the department or section that has to mend it
    point: str  # window or place
    facts: tuple[NoticeFact, ...]
    photos: tuple[NoticePhoto, ...]
    required_action: str
    deadline: str  # date and hour, without 前
    rechecker: str
    consequence: str
    issuer: str
    issued_on: date
    verify_url: str
    code: str
    mark: str | None = None  # 样稿 on a preview, 作废 on a copy of a void notice
    checkpoint: str | None = None
    copies: str = "一式两份"
