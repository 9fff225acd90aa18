"""Actions of the log itself. Pure."""

from app.core.actions import Action

EXPORT = "audit.export"  # long work: the log as a file
VERIFY = "audit.verify"  # long work: the whole log checked

ACCESS_REFUSED = Action("access.refused", frozenset({"permission"}))
AUDIT_EXPORTED = Action("audit.exported", frozenset({"entries", "sha256", "since", "until", "centres"}))
