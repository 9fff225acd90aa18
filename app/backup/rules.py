"""Actions of backups. Pure."""

from app.core.actions import Action

BACKUP_CREATED = Action("backup.created", frozenset({"files", "sha256", "secrets"}))
