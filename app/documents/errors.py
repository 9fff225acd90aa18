"""The one error a document can fail with."""

from app.core.errors import DomainError


class DocumentError(DomainError):
    """The document cannot be rendered; it stays numbered and can be tried again."""
