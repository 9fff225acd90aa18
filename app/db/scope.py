"""Load one row by what its reader may see: an invisible row is not there."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.i18n import N_
from app.db.mixins import Audited
from app.extensions import db

Row = TypeVar("Row", bound=Audited)
MISSING = N_("没有找到这条记录，或者它不在您的查看范围内。")


class OutOfScope(NotFound):
    """It exists, but not for this reader: a 404 to him, a refusal in the log with the row, if it is one."""

    def __init__(self, model: type[Audited] | None = None, row_id: int = 0) -> None:
        super().__init__(MISSING)
        self.model, self.row_id = model, row_id

    def subject(self) -> Audited | None:
        return db.session.get(self.model, self.row_id) if self.model else None


def row_id(value: str | None) -> int | None:
    """Return a row id out of an address or a hidden field; None if it cannot be one."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 10 else None


def load(session: Session, visible: Select[Row], model: type[Row], row_id: int) -> Row:
    """Return a visible row. Raise OutOfScope if it exists out of sight, NotFound if it does not exist."""
    if not 0 < row_id < 2**31:
        raise NotFound(MISSING)
    row = session.scalar(visible.where(model.id == row_id))
    if row is None:
        if session.get(model, row_id) is not None:
            raise OutOfScope(model, row_id)
        raise NotFound(MISSING)
    return row
