"""How much goes out and comes in at once, and what the log says of it. Pure."""

from app.core.actions import Action

EXPORT_AT_ONCE = 2000  # rows of a list that are handed over at once; more become a job
EXPORT_JOB = "transfers.export"
HIDDEN = "***"  # stands in the log for what was typed into a search

LIST_EXPORTED = Action("list.exported", frozenset({"ledger", "filter", "rows", "sha256"}))
