"""Kinds and states of issued documents, and how their numbers read. Pure."""

from enum import StrEnum

from app.core.actions import Action

# No 0/O, 1/I/L: the code is typed from paper.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


class DocumentKind(StrEnum):
    RECTIFICATION_NOTICE = "rectification_notice"


class DocumentStatus(StrEnum):
    NUMBERED = "numbered"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    VOID = "void"


# The word that stands for the kind in a number: 政服督整〔2026〕12号.
KIND_MARKS = {DocumentKind.RECTIFICATION_NOTICE: "督整"}

DOCUMENT_NUMBERED = Action("document.numbered")
DOCUMENT_ISSUED = Action("document.issued")
DOCUMENT_VOIDED = Action("document.voided", frozenset({"reason"}))
DOCUMENT_PRINTED = Action("document.printed")


def document_number(prefix: str, kind: DocumentKind, year: int, serial: int) -> str:
    """Return the number as printed: six-angle brackets, no leading zero (GB/T 9704)."""
    return f"{prefix}{KIND_MARKS[kind]}〔{year}〕{serial}号"


def tidy_code(typed: str) -> str:
    """Return a verification code as stored, from whatever way it was typed."""
    return "".join(char for char in typed.upper() if char.isalnum())
