"""Tables that belong to no feature, for migrations to find."""

from app.db.drafts import Draft

__all__ = ["Draft"]
