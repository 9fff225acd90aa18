"""Commands that compute and store nothing: they run without settings, secrets and database."""

from __future__ import annotations

import click

from app.evaluations.cli import evaluations
from app.worktime.cli import calendar

duban = click.Group("duban", commands=[calendar, evaluations])

if __name__ == "__main__":
    duban(prog_name="duban")
