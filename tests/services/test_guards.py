"""A site whose database no longer guards its log neither serves nor works."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine

from app.db import guards
from app.extensions import db
from app.jobs.cli import work
from tests.services.audit_tools import connected, owner, run, verify

both_databases = pytest.mark.both_databases


@both_databases
def test_a_whole_house_starts(db_context: Any, site: Any, figure: Any) -> None:
    guards.check(db.engine, replace(site.settings, env="production"))
    assert verify(site).ok
    figure(
        "S16",
        f"triggers whose absence stops the start ({site.kind})",
        len(guards.TRIGGERS[site.kind]),
        bar="each",
        held=True,
    )


@both_databases
def test_without_any_one_of_its_guards_it_does_not(db_context: Any, site: Any) -> None:
    db.session.remove()
    for name in sorted(guards.TRIGGERS[site.kind]):
        table = next(each for each in ("audit_entries", "audit_heads", "audit_checkpoints") if each in name)
        taken = (
            f"DROP TRIGGER {name}" if site.kind == "sqlite" else f"ALTER TABLE {table} DISABLE TRIGGER {name}"
        )
        with connected(site.settings.owner_url) as connection:
            run(connection, taken)
            assert guards.missing(connection) == [name]
            connection.rollback()
    with owner(site):
        pass
    with pytest.raises(SystemExit, match="audit_entries"):
        guards.check(db.engine, site.settings)


@both_databases
def test_the_worker_says_so(app: Any, site: Any) -> None:
    with owner(site):
        pass
    answer = app.test_cli_runner().invoke(work)
    assert answer.exit_code == 1
    assert "audit_entries" in str(answer.exception) + answer.output


def test_before_the_first_migration_it_says_what_to_do(db_context: Any, site: Any, tmp_path: Any) -> None:
    empty = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SystemExit, match="db upgrade"):
        guards.check(empty, site.settings)


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_the_owner_of_the_log_does_not_serve(db_context: Any, site: Any) -> None:
    engine = create_engine(site.settings.owner_url)
    with pytest.raises(SystemExit, match="postgresql"):
        guards.check(engine, replace(site.settings, env="production"))
