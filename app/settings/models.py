from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.mixins import Audited
from app.db.types import JsonText
from app.extensions import Model
from app.settings.rules import SETTINGS


class CentreSetting(Audited, Model):
    """What one centre decided about one setting; without a value it follows the centre above again."""

    __tablename__ = "centre_settings"
    __table_args__ = (UniqueConstraint("centre_id", "key"),)
    __audit_type__ = "centre_setting"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any | None] = mapped_column(JsonText)

    @property
    def audit_name(self) -> str:
        return SETTINGS[self.key].label
