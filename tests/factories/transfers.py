"""Lists going out, one example for each, filled as its ledger is; a table coming in, step by step."""

from __future__ import annotations

import importlib
import importlib.util
import io
from typing import Any

from app.db.uow import unit_of_work
from app.registry import FEATURES
from app.transfers import exporting, intake, services
from app.transfers.workbook import XLSX
from tests.cast import NOW, actor
from tests.factories import tables
from tests.factories.base import Example, Ids, Ledger, Visit


def _ledger_of(page: str) -> Ledger | None:
    """Return the ledger whose page bears an export's button; a record tells its own example."""
    for feature in FEATURES:
        name = f"tests.factories.{feature.name}"
        if feature.name != "transfers" and importlib.util.find_spec(name):
            for ledger in getattr(importlib.import_module(name), "LEDGERS", ()):
                if ledger.endpoint == page:
                    return ledger
    return None


def _out(name: str, page: str, ledger: Ledger) -> Example:

    def fill(site: Any) -> Ids:
        ledger.fill(site, 2)
        return {}

    return Example(f"transfers.{name}", ledger.actor, fill, page=page, status=200)


# --- a table of windows comes in -------------------------------------------------------------------

KIND = "patrol-points"
TABLE = tables.points(tables.point("C01"), tables.point("C02", "医保"))


def uploaded(site: Any, content: bytes = TABLE, name: str = KIND) -> Ids:
    who = actor("sysadmin")
    intake.begin(site.settings, who, intake.kind_of(who, name), io.BytesIO(content), "表.xlsx", NOW)
    return {"name": name}


def checked(site: Any, content: bytes = TABLE, name: str = KIND) -> Ids:
    ids, kind = uploaded(site, content, name), intake.kind_of(actor("sysadmin"), name)
    draft = intake.get(actor("sysadmin"), kind)
    draft_id = draft.id
    report = intake.check(site.settings, kind, draft)
    intake.save(draft_id, NOW, check=report.as_json(NOW))
    return ids


def applied(site: Any) -> Ids:
    """Take people in: further windows would have to be walked by every patrol that is prepared after them."""
    checked(site, tables.staff(tables.person("3001")), "staff")
    kind = intake.kind_of(actor("sysadmin"), "staff")
    draft = intake.get(actor("sysadmin"), kind)
    draft_id, report = draft.id, intake.check(site.settings, kind, draft)
    kind.prepare(report.judged)
    with unit_of_work(actor("sysadmin"), NOW) as uow:
        batch = services.apply_table(uow, kind, draft_id, report, skip_bad=False)
    return {"batch_id": batch.id}


def _faulty(site: Any) -> Ids:
    return checked(site, tables.points(tables.point("C01", 区域="三楼")))


def _kind(_site: Any) -> Ids:
    return {"name": KIND}


_COLUMNS = {"number": "1", "name": "2", "zone_id": "3", "kind": "4", "department_id": "5"}
EXAMPLES = [
    *(
        _out(name, export.page, ledger)
        for name, export in exporting.every().items()
        if (ledger := _ledger_of(export.page))
    ),
    Example(
        "transfers.imports.upload",
        "sysadmin",
        _kind,
        files={"file": (TABLE, "表.xlsx")},
        page="transfers.imports.start",
        audited=False,
    ),
    Example(
        "transfers.imports.choose_columns",
        "sysadmin",
        uploaded,
        _COLUMNS,
        page="transfers.imports.columns",
        audited=False,
    ),
    Example("transfers.imports.apply", "sysadmin", checked, page="transfers.imports.checked", bulk=True),
    Example(
        "transfers.imports.discard", "sysadmin", checked, page="transfers.imports.checked", audited=False
    ),
]
VISITS = [
    Visit("transfers.imports.start", "sysadmin", _kind, hidden_from=()),
    Visit("transfers.imports.template", "sysadmin", _kind, hidden_from=(), content_type=XLSX),
    Visit("transfers.imports.columns", "sysadmin", uploaded, hidden_from=()),
    Visit("transfers.imports.checked", "sysadmin", _faulty, hidden_from=()),
    Visit("transfers.imports.problems", "sysadmin", _faulty, hidden_from=(), content_type=XLSX),
    Visit("transfers.imports.batch", "sysadmin", applied, hidden_from=()),
]
