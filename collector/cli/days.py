"""Days on the command line: `--since` and `--until`, in the time zone that `--zone` names."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Annotated

import typer

from collector.cli.catalogue_access import fail
from collector.clock import NS_PER_S

Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The first day, as 2026-11-24."),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The last day, itself included."),
]
Zone = Annotated[
    str,
    typer.Option(metavar="ZONE", help="Time zone that says where a day begins, as Europe/Berlin."),
]


def find_zone(name: str) -> tzinfo:
    """Return the time zone of that name; exits with a sentence where there is none."""
    if name.upper() == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise fail(f"there is no time zone {name!r}: name one such as Europe/Berlin") from error


def span_ns(
    since: datetime | None, until: datetime | None, zone: tzinfo
) -> tuple[int | None, int | None]:
    """Return the first instant of ``since`` and the first after ``until``, ns; None: no bound."""
    if since is not None and until is not None and until < since:
        raise fail(f"--until {until:%Y-%m-%d} lies before --since {since:%Y-%m-%d}")
    return (
        None if since is None else _midnight_ns(since.date(), zone),
        None if until is None else _midnight_ns(until.date() + timedelta(days=1), zone),
    )


def _midnight_ns(day: date, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * NS_PER_S
