"""Kinds and states of issued documents, and how their numbers read. Pure."""

import unicodedata
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


RENDER = "documents.render"  # the job that issues a numbered document

# The word that stands for the kind in a number: 政服督整〔2026〕12号.
KIND_MARKS = {DocumentKind.RECTIFICATION_NOTICE: "督整"}
FILE_MARKS = {DocumentKind.RECTIFICATION_NOTICE: "notice"}

DOCUMENT_NUMBERED = Action("document.numbered")
DOCUMENT_ISSUED = Action("document.issued")
DOCUMENT_VOIDED = Action("document.voided", frozenset({"reason"}))
DOCUMENT_PRINTED = Action("document.printed")


def document_number(prefix: str, kind: DocumentKind, year: int, serial: int) -> str:
    """Return the number as printed: six-angle brackets, no leading zero (GB/T 9704)."""
    return f"{prefix}{KIND_MARKS[kind]}〔{year}〕{serial}号"


def file_name(kind: DocumentKind, year: int, serial: int) -> str:
    """Return a name that survives every file system and says nothing about anyone: notice-2026-12.pdf."""
    return f"{FILE_MARKS[kind]}-{year}-{serial}.pdf"


def printed_code(code: str) -> str:
    """Return a verification code as it is printed: K7QM4-F2PXY."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def tidy_code(typed: str) -> str:
    """Return a verification code as stored, from whatever way it was typed."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(char for char in plain if char.isascii() and char.isalnum())
