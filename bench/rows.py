"""The rows of docs/quality.md: what must hold, who measures it, why a bar is missed or nobody measured it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A promise with a number; `benches` find its figures, tests add theirs by the fixture `figure`.

    `missed` says why the bar is not held, `unmeasured` why there is no figure; both are printed only then.
    """

    name: str
    goal: str
    benches: tuple[str, ...] = ()
    missed: str = ""
    unmeasured: str = ""


_WAITS = "no command or test of this release measures it"

ROWS = (
    Row(
        "P1",
        "a list page costs at most twice the smallest honest list",
        ("list", "serve"),
        missed="a third of it is SQLAlchemy (session, scope, rows, capped count), a third the template; the "
        "floor has no rights, no filters, no counts and one language",
    ),
    Row("P2", "a page costs the same in a thousand rows and a million, first or last", ("list",)),
    Row("P3", "no list counts all its rows", ("crawl",)),
    Row("P4", "at most six statements a list, no more with more rows", ("list", "crawl")),
    Row("P5", "a name is found by two or three characters, every time, at a tenth of LIKE", ("search",)),
    Row("P6", "the audit log costs a change little", ("create",)),
    Row(
        "P7",
        "sixteen writers on one chain: none starves, none fails",
        ("writers",),
        missed="no single change holds up the others any more (none over 40 ms); sixteen processes share two "
        "cores, and the longest waits lie in the first second and a half, on a file just copied",
    ),
    Row(
        "P8",
        "checking the log is nearly as fast as reading it, in little memory",
        ("verify",),
        missed="66 MB are SQLAlchemy, Flask and the library of signatures, before the first entry; it "
        "does not grow with the log. Ours also compares all issued papers with their entries",
    ),
    Row("P9", "a notice costs what plain WeasyPrint with two fonts costs; it fetches nothing", ("notice",)),
    Row(
        "P10",
        "a hundred score sheets in one slice cost half of what they cost one by one; memory stays flat",
        ("sheets",),
    ),
    Row(
        "P11",
        "a month is read, scored, explained line by line and kept at twice what plain sums cost",
        ("scoring",),
        missed="sums are exact fractions, each line says why, rules have repeats, versions and maxima; "
        "of the seconds it takes nobody waits for more than the keeping",
    ),
    Row(
        "P13",
        "memory and start of two workers stay near the floor's; no PDF library in them",
        ("serve",),
        missed="it is all of the code, 350 modules, 60 tables and 280 addresses, against one page",
    ),
    Row("P14", "a list weighs little and comes from one host", ("weight",)),
    Row("R1", "kill -9 of the server under load loses and doubles nothing", ("kill",)),
    Row("R2", "the same when the database server is killed; pages come back by themselves", ("reliability",)),
    Row("R3", "whichever statement of a change fails, nothing is changed and no success shown"),
    Row("R4", "a full disk: no half change, reading goes on, recovery without a restart", ("reliability",)),
    Row("R5", "many writers hear nothing of locks; a lock held too long is a clear 503", ("reliability",)),
    Row("R6", "two people on one item, double submits: exactly one effect", ("reliability",)),
    Row("R7", "every migration goes up, down and up with data in it", ("reliability",)),
    Row("R9", "leap days, year ends, clocks set back", ("reliability",)),
    Row("R10", "the same values give the same bytes and no new entry", ("reliability",)),
    Row("R11", "long mixed load: memory, open files and the write-ahead log stay", ("reliability",)),
    Row("R12", "interrupted jobs resume or roll back; no number is lost or used twice", ("reliability",)),
    Row("R13", "a graceful stop fails no acknowledged request", ("reliability",)),
    Row("R14", "two databases, one answer", ("reliability",)),
    Row("R15", "damaged data is noticed and crashes nothing", ("reliability",)),
    Row("R16", "every flow works without JavaScript"),
    Row("S1", "every route, every role, own and other unit: nothing unexpected opens", unmeasured=_WAITS),
    Row("S2", "no change without a token of this session, none by GET", unmeasured=_WAITS),
    Row("S3", "stored scripts run nowhere, in any field, file name or cell", unmeasured=_WAITS),
    Row("S4", "strict headers on every answer", unmeasured=_WAITS),
    Row("S5", "fuzzed forms: no 5xx, no row out of scope", unmeasured=_WAITS),
    Row("S6", "tampering with the log is noticed", unmeasured=_WAITS),
    Row("S7", "the database refuses what the application must not do", unmeasured=_WAITS),
    Row("S8", "sign-in: locks, delays, and no telling which accounts exist", ("sign_in",)),
    Row("S9", "a stolen cookie is dead after sign-out, a new password, disabling", unmeasured=_WAITS),
    Row("S10", "hostile uploads and imports are refused and harm nothing", unmeasured=_WAITS),
    Row("S11", "exports carry no formulas", unmeasured=_WAITS),
    Row(
        "S12", "protected data is shown to those with the right only, each reveal recorded", unmeasured=_WAITS
    ),
    Row("S13", "every change, refusal and failed sign-in is exactly one entry", unmeasured=_WAITS),
    Row("S14", "system, security and audit administrators are kept apart", unmeasured=_WAITS),
    Row("S15", "the PDF engine fetches nothing", unmeasured=_WAITS),
    Row("S16", "it refuses to start unsafe; licences and an SBOM are listed", unmeasured=_WAITS),
)
