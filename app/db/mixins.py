"""What ledger rows have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Integer, String, event
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.core.on_behalf import CAPACITY_MAX, NAME_MAX, Represented


class Audited:
    """A row whose every change must be recorded in the audit log, inside a unit of work.

    `__audit_type__` is the subject's permanent name in the log. A child row that has no story of
    its own returns its parent from `audit_subject`; its changes then stand in the parent's entry.
    """

    __audit_type__: ClassVar[str]

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        # Guards races between two live transactions; old forms are compared by the services.
        return {"version_id_col": cls.version}

    @property
    def audit_name(self) -> str:
        """Return the printable name of the row; never protected data."""
        return str(self.id)

    @property
    def audit_centre_id(self) -> int | None:
        """Return the centre whose chain keeps this row's story."""
        subject = self.audit_subject()
        return getattr(self, "centre_id", None) if subject is self else subject.audit_centre_id

    def audit_subject(self) -> Audited:
        """Return the row whose entry covers changes of this one."""
        return self


@event.listens_for(Audited, "attribute_instrument", propagate=True)
def _keep_old_values(_class: type, _key: str, attribute: Any) -> None:
    # Without this a column that was never read has no old value to record. It stands here, not beside the
    # guard, because it must be in place before the first mapper is set up.
    if hasattr(attribute.property, "columns"):
        event.listen(attribute, "set", _no_op, active_history=True)


def _no_op(_row: object, value: object, _old: object, _initiator: object) -> object:
    return value


class Searchable:
    """A row found by two-character search; its text is indexed when its unit of work commits."""

    __search_table__: ClassVar[str]

    @property
    def search_text(self) -> str:
        """Return what the row is found by; never protected data."""
        raise AttributeError("a searchable row names its text")


class OnBehalf:
    """A row that may be entered for a named person without an account; empty where it was not."""

    on_behalf_name: Mapped[str | None] = mapped_column(String(NAME_MAX))
    on_behalf_capacity: Mapped[str | None] = mapped_column(String(CAPACITY_MAX))

    @property
    def represented(self) -> Represented | None:
        """Return the person whose step this is, if it was entered for him."""
        if not self.on_behalf_name:
            return None
        return Represented(self.on_behalf_name, self.on_behalf_capacity or "")

    def enter_for(self, person: Represented) -> None:
        """Keep for whom this row is entered."""
        self.on_behalf_name, self.on_behalf_capacity = person.name or None, person.capacity or None
