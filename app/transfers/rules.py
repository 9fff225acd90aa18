"""How much goes out and comes in at once, and what the log says of it. Pure."""

from enum import StrEnum

from app.core.actions import Action
from app.core.i18n import N_

EXPORT_AT_ONCE = 2000  # rows of a list that are handed over at once; more become a job
EXPORT_JOB = "transfers.export"
HIDDEN = "***"  # stands in the log for what was typed into a search

MEGABYTE = 1024 * 1024
FILE_MAX = 20 * MEGABYTE
ROWS_MAX = 100_000
COLUMNS_MAX = 100
HEAD_LINES = 10  # so far down the head of a table is looked for, below its title
CHECK_AT_ONCE = 1000  # rows that are checked and applied while the page waits; more become jobs
CHANGES_MAX = 5000  # existing rows that one import may change: each leaves its own entry
CHECK_JOB = "transfers.check"
APPLY_JOB = "transfers.apply"

YES, NO = N_("是"), N_("否")
# Sheets that our own workbooks bring along beside their rows: where they come from, what may be chosen.
NOTES, CHOICES = N_("说明"), N_("选项")

LIST_EXPORTED = Action("list.exported", frozenset({"ledger", "filter", "rows", "sha256"}))
TABLE_IMPORTED = Action("table.imported")


class Outcome(StrEnum):
    """What an import does with a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    BAD = "bad"


def column_letters(index: int) -> str:
    """Return the name of a column as Excel writes it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
