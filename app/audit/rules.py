"""Actions of the log itself. Pure."""

from app.core.actions import Action

ACCESS_REFUSED = Action("access.refused", frozenset({"permission"}))
AUDIT_EXPORTED = Action("audit.exported", frozenset({"entries", "sha256"}))
