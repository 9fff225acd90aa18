"""Kinds and states of issued documents, and how their numbers read. Pure."""

import re
import unicodedata
from datetime import timedelta
from enum import StrEnum

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_

# No 0/O, 1/I/L: the code is typed from paper.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


class DocumentKind(StrEnum):
    RECTIFICATION_NOTICE = "rectification_notice"
    URGING_NOTICE = "urging_notice"
    CHANGE_PROPOSAL = "change_proposal"
    TALK_NOTICE = "talk_notice"
    TALK_RECORD = "talk_record"
    DEPARTMENT_REPORT = "department_report"
    STAFF_SHEET = "staff_sheet"
    WINDOW_SHEET = "window_sheet"
    CHIEF_SHEET = "chief_sheet"
    DEPARTMENT_SHEET = "department_sheet"
    MONTHLY_NOTICE = "monthly_notice"
    OBJECTION_DECISION = "objection_decision"
    AWARD_DECISION = "award_decision"
    AWARD_NOTICE = "award_notice"
    YEAR_RESULT = "year_result"
    WEEKLY_BULLETIN = "weekly_bulletin"


class DocumentStatus(StrEnum):
    NUMBERED = "numbered"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    VOID = "void"


RENDER = "documents.render"  # the job that issues a numbered document

# The word that stands for the kind in a number, 政服督整〔2026〕12号, unless the centre decides another.
KIND_MARKS = {
    DocumentKind.RECTIFICATION_NOTICE: "督整",
    DocumentKind.URGING_NOTICE: "督办",
    DocumentKind.CHANGE_PROPOSAL: "督换",
    DocumentKind.TALK_NOTICE: "督谈",
    DocumentKind.TALK_RECORD: "督谈录",
    DocumentKind.DEPARTMENT_REPORT: "督函",
    DocumentKind.STAFF_SHEET: "考个",
    DocumentKind.WINDOW_SHEET: "考窗",
    DocumentKind.CHIEF_SHEET: "考席",
    DocumentKind.DEPARTMENT_SHEET: "考部",
    DocumentKind.MONTHLY_NOTICE: "考通",
    DocumentKind.OBJECTION_DECISION: "考复",
    DocumentKind.AWARD_DECISION: "评审",
    DocumentKind.AWARD_NOTICE: "评通",
    DocumentKind.YEAR_RESULT: "考函",
    DocumentKind.WEEKLY_BULLETIN: "通",
}
# How a number reads (GB/T 9704: six-angle brackets, no leading zero), unless the centre decides otherwise.
NUMBER_PATTERN = "{字头}{代字}〔{年份}〕{序号}号"
_PLACE = re.compile(r"\{(字头|代字|年份|序号)\}")
FILE_MARKS = {
    DocumentKind.RECTIFICATION_NOTICE: "notice",
    DocumentKind.URGING_NOTICE: "urging",
    DocumentKind.CHANGE_PROPOSAL: "change",
    DocumentKind.TALK_NOTICE: "talk",
    DocumentKind.TALK_RECORD: "talk-record",
    DocumentKind.DEPARTMENT_REPORT: "report",
    DocumentKind.STAFF_SHEET: "sheet",
    DocumentKind.WINDOW_SHEET: "window-sheet",
    DocumentKind.CHIEF_SHEET: "chief-sheet",
    DocumentKind.DEPARTMENT_SHEET: "department-sheet",
    DocumentKind.MONTHLY_NOTICE: "monthly-notice",
    DocumentKind.OBJECTION_DECISION: "objection-decision",
    DocumentKind.AWARD_DECISION: "award-decision",
    DocumentKind.AWARD_NOTICE: "award-notice",
    DocumentKind.YEAR_RESULT: "year-result",
    DocumentKind.WEEKLY_BULLETIN: "weekly-bulletin",
}

DOCUMENT_NUMBERED = Action("document.numbered")
DOCUMENT_ISSUED = Action("document.issued")
DOCUMENT_VOIDED = Action("document.voided", frozenset({"reason"}))
DOCUMENT_SUPERSEDED = Action("document.superseded", frozenset({"reason", "by"}))
DOCUMENT_PRINTED = Action("document.printed")
CODES_GUESSED = Action("document.codes_guessed", frozenset({"wrong"}))

REASON_MAX = 500
# Wrong codes that one address may try before it has to wait; a slip of the pen costs one or two.
GUESSES = 20
GUESS_WINDOW = timedelta(minutes=10)


def document_number(pattern: str, prefix: str, mark: str, year: int, serial: int) -> str:
    """Return the number as printed: a centre's pattern with its prefix, the kind's mark, year and serial."""
    parts = {"字头": prefix, "代字": mark, "年份": str(year), "序号": str(serial)}
    return _PLACE.sub(lambda place: parts[place[1]], pattern)


def check_pattern(pattern: str) -> None:
    """Raise Invalid unless numbers of this pattern read as official ones do and none can be like another."""
    for place in ("代字", "年份", "序号"):
        if pattern.count(f"{{{place}}}") != 1:
            raise Invalid(N_("格式中“%(place)s”应当出现一次。"), place=f"{{{place}}}")
    if pattern.count("{字头}") > 1:
        raise Invalid(N_("格式中“%(place)s”最多出现一次。"), place="{字头}")
    if "〔{年份}〕" not in pattern:
        raise Invalid(N_("年份应当写在六角括号里：%(text)s。"), text="〔{年份}〕")
    literal = _PLACE.sub("", pattern)
    if any(char in "{}" or char.isnumeric() or not char.isprintable() for char in literal):
        raise Invalid(
            N_("格式里只能有 %(places)s 和文字，不能另写数字或大括号。"), places="{字头} {代字} {年份} {序号}"
        )


def check_mark(mark: str) -> None:
    """Raise Invalid unless a mark can stand before a year: words only."""
    if not mark or any(char in "{}〔〕" or char.isnumeric() or char.isspace() for char in mark):
        raise Invalid(N_("代字只能是文字，不能有数字、空格或括号。"))


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
