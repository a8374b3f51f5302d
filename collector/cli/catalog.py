"""`collector catalog`: who recorded what; its backup, rebuilding and checking."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from collector.cli import catalog_episodes, catalog_gate
from collector.cli.catalogue_access import (
    DATA,
    PROBLEMS,
    SETTINGS,
    AsJson,
    Database,
    Root,
    fail,
    open_catalogue,
    print_json,
    print_problems,
)
from collector.cli.identification import PinFile, pin_from
from collector.cli.terminal_table import Column, print_table
from collector.clock import NS_PER_S

if TYPE_CHECKING:
    from collector.catalogue.operators import Operator

EPILOG = """
Examples:

  collector catalog operators add --name "Ada Lovelace" --consent signed.pdf

  collector catalog check --root /data/station-3

  collector catalog backup /backups/catalogue-2026-11-24.db

  collector catalog rebuild --database postgresql://collector@db/station

Exit codes: 0 fine, 1 problems were found, 2 bad usage.
"""

app = typer.Typer(
    help="Keep the catalogue: operators, decisions, and what is known of episodes.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings=SETTINGS,
)
operators_app = typer.Typer(
    help="Add and list operators, give and withdraw consent.",
    no_args_is_help=True,
    context_settings=SETTINGS,
)
sign_in_app = typer.Typer(help="Try signing in.", no_args_is_help=True, context_settings=SETTINGS)
custody_app = typer.Typer(
    help="The chain of custody.", no_args_is_help=True, context_settings=SETTINGS
)
app.add_typer(catalog_episodes.app, name="episodes")
app.add_typer(catalog_gate.app, name="gate")
app.add_typer(operators_app, name="operators")
app.add_typer(sign_in_app, name="sign-in")
app.add_typer(custody_app, name="custody")

Pseudonym = Annotated[str, typer.Argument(metavar="OPERATOR", help="Pseudonym, as op-7f3a.")]


@app.command(epilog="Example:  collector catalog backup /backups/catalogue.db")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file.", dir_okay=False)],
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Copy the catalogue, without names, into one new file that opens as a catalogue."""
    with open_catalogue(root, database) as catalogue:
        count = catalogue.backup(file)
    if as_json:
        print_json({"file": str(file), "episodes": count})
    else:
        typer.echo(f"{file} holds the catalogue, with {count} episodes. Names are not in it.")


@app.command(epilog="Example:  collector catalog rebuild --root /data/station-3")
def rebuild(root: Root = DATA, database: Database = "", as_json: AsJson = False) -> None:
    """Take in what every sealed folder says; decisions stay as they are."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    if not root.is_dir():
        raise fail(f"there is no folder {root}: name the one that holds `episodes/` with --root")
    columns = (TextColumn("reading episodes"), BarColumn(), MofNCompleteColumn())
    shown = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
    with open_catalogue(root, database, make=True) as catalogue, shown:
        task = shown.add_task("")
        report = catalogue.rebuild(
            root, progress=lambda done, total: shown.update(task, completed=done, total=total)
        )
    if as_json:
        print_json(report.__dict__)
    else:
        print_problems(report.problems)
        typer.echo(f"{report.new} new, {report.corrected} corrected, {report.unchanged} unchanged")
    if report.problems:
        raise typer.Exit(PROBLEMS)


@app.command(epilog="Example:  collector catalog check --exported custody-2026-10.jsonl")
def check(
    root: Root = DATA,
    database: Database = "",
    exported: Annotated[
        Path | None,
        typer.Option(help="An earlier export of the chain, which it must begin with."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the chain of custody, every decision against it, and folders against facts."""
    lines: list[str] | None = None
    if exported is not None:
        try:
            lines = exported.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise fail(f"{exported} cannot be read: {error}") from error
    with open_catalogue(root, database) as catalogue:
        report = catalogue.check(root, lines)
    if as_json:
        print_json(report.__dict__)
    else:
        print_problems(report.problems)
        elsewhere = f", {report.elsewhere} in other data folders" if report.elsewhere else ""
        found = len(report.problems) or "no"
        plural = "" if found == 1 else "s"
        typer.echo(
            f"{report.custody_events} custody events, {report.episodes} episodes{elsewhere}: "
            f"{found} problem{plural}"
        )
    if report.problems:
        raise typer.Exit(PROBLEMS)


@custody_app.command(name="export", epilog="Example:  collector catalog custody export > c.jsonl")
def export_custody(root: Root = DATA, database: Database = "") -> None:
    """Print the chain of custody as JSON lines, for keeping elsewhere."""
    with open_catalogue(root, database) as catalogue:
        catalogue.export_custody(sys.stdout)


@operators_app.command(
    epilog='Example:  collector catalog operators add --name "Ada Lovelace" --consent signed.pdf'
)
def add(
    name: Annotated[str, typer.Option(help="Kept apart, in `private/operators.yaml`.")] = "",
    role: Annotated[str, typer.Option(help="operator or supervisor")] = "operator",
    pin_file: PinFile = None,
    consent: Annotated[
        Path | None, typer.Option(metavar="DOCUMENT", help="The consent that was signed.")
    ] = None,
    scope: Annotated[str, typer.Option(help="What the consent covers.")] = "training of models",
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Add a person under a new pseudonym."""
    from collector.catalogue.names import NameFile, names_file

    names = NameFile(names_file(root))
    with open_catalogue(root, database, make=True) as catalogue:
        names.names()  # refused now rather than when the person is in the catalogue
        new_pin = pin_from(pin_file, twice=True)
        with catalogue.together():
            person = catalogue.add_operator(new_pin, role)
            if consent is not None:
                catalogue.give_consent(person.operator_id, consent, scope)
            if name:
                names.remember(person.operator_id, name)
        person = catalogue.operator(person.operator_id)
    if as_json:
        print_json(_as_dict(person, name))
        return
    typer.echo(f"{person.operator_id} is the new {role}.")
    if consent is None and role == "operator":
        typer.echo(
            f"Before recording: collector catalog operators consent {person.operator_id} DOCUMENT"
        )


def _date(stamp_ns: int) -> str:
    return f"{datetime.fromtimestamp(stamp_ns // NS_PER_S, timezone.utc):%Y-%m-%d}"


def _as_dict(person: Operator, name: str | None) -> dict[str, Any]:
    from collector.episode.seal import iso_time

    consent = person.consent
    return {
        "operator": person.operator_id,
        "role": person.role,
        "name": name or None,
        "has_pin": person.has_pin,
        "added": iso_time(person.created_ns),
        "consent": None
        if consent is None
        else {
            "document": consent.document,
            "digest": consent.digest,
            "scope": consent.scope,
            "given": iso_time(consent.given_ns),
        },
        "withdrawn": None if person.withdrawn_ns is None else iso_time(person.withdrawn_ns),
    }


@operators_app.command(name="list", epilog="Example:  collector catalog operators list --names")
def list_operators(
    root: Root = DATA,
    database: Database = "",
    with_names: Annotated[bool, typer.Option("--names", help="Show names, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List everyone, by pseudonym."""
    from collector.catalogue.names import NameFile, names_file

    with open_catalogue(root, database) as catalogue:
        people = catalogue.operators()
        names = NameFile(names_file(root)).names() if with_names else {}
    if as_json:
        print_json([_as_dict(person, names.get(person.operator_id)) for person in people])
        return
    if not people:
        typer.echo("There is nobody yet. Add an operator: collector catalog operators add")
        return
    named = [Column("Name", gives_way=True)] if with_names else []
    columns = [Column("Operator"), Column("Role"), *named, Column("PIN"), Column("Consent")]
    rows: list[list[str | Text]] = []
    for person in people:
        name: list[str | Text] = [names.get(person.operator_id, "")] if with_names else []
        has_pin = Text("set") if person.has_pin else Text("none", style="yellow")
        rows.append([person.operator_id, person.role, *name, has_pin, _consent(person)])
    print_table(Console(highlight=False), columns, rows)


def _consent(person: Operator) -> Text:
    if person.consent is not None:
        return Text(f"{person.consent.document}, {_date(person.consent.given_ns)}", style="green")
    if person.withdrawn_ns is not None:
        return Text(f"withdrawn {_date(person.withdrawn_ns)}", style="red")
    return Text("none", style="yellow")


@operators_app.command(
    name="consent", epilog="Example:  collector catalog operators consent op-7f3a signed.pdf"
)
def give_consent(
    operator: Pseudonym,
    document: Annotated[Path, typer.Argument(metavar="DOCUMENT", help="What was signed.")],
    scope: Annotated[str, typer.Option(help="What it covers.")] = "training of models",
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it was signed, else today.")
    ] = None,
    root: Root = DATA,
    database: Database = "",
) -> None:
    """Put a signed consent on file, by its digest."""
    given_ns = None
    if date is not None:
        given_ns = int(date.replace(tzinfo=timezone.utc).timestamp()) * NS_PER_S
    with open_catalogue(root, database) as catalogue:
        consent = catalogue.give_consent(operator, document, scope, given_ns)
    typer.echo(f"{operator} consents to: {consent.scope} ({consent.reference})")


@operators_app.command(
    epilog='Example:  collector catalog operators withdraw op-7f3a --reason "asked by mail"'
)
def withdraw(
    operator: Pseudonym,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the chain of custody.")] = "",
    forget_name: Annotated[
        bool, typer.Option("--forget-name", help="Remove the name as well.")
    ] = False,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw consent: no export takes this person's episodes any more."""
    from collector.catalogue.names import NameFile, names_file

    with open_catalogue(root, database) as catalogue:
        marked = catalogue.withdraw_consent(operator, reason)
        if forget_name:
            NameFile(names_file(root)).forget(operator)
    if as_json:
        print_json({"operator": operator, "episodes": marked})
    else:
        typer.echo(f"Consent of {operator} is withdrawn: {marked} episodes leave every export.")


@operators_app.command(name="set-pin", epilog="Example:  collector catalog operators set-pin op-1")
def set_pin(
    operator: Pseudonym, pin_file: PinFile = None, root: Root = DATA, database: Database = ""
) -> None:
    """Give a person a new PIN; a wait after wrong ones ends."""
    with open_catalogue(root, database) as catalogue:
        catalogue.operator(operator)
        catalogue.set_pin(operator, pin_from(pin_file, twice=True))
    typer.echo(f"{operator} has a new PIN.")


@sign_in_app.command(name="check", epilog="Example:  collector catalog sign-in check op-7f3a")
def check_sign_in(
    operator: Pseudonym,
    pin_file: PinFile = None,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Try a PIN, as the station would: a wrong one counts."""
    from collector.catalogue.errors import SignInError

    refusal: SignInError | None = None
    with open_catalogue(root, database) as catalogue:
        try:
            person = catalogue.sign_in(operator, pin_from(pin_file))
        except SignInError as error:
            refusal = error
    if refusal is not None:
        if as_json:
            wait_s = refusal.wait_ns / NS_PER_S
            print_json({"operator": operator, "refused": str(refusal), "wait_s": wait_s})
        else:
            print_problems([str(refusal)])
        raise typer.Exit(PROBLEMS)
    if as_json:
        print_json(_as_dict(person, None))
    else:
        consent = "consent on file" if person.consent else "no consent on file"
        typer.echo(f"{operator} signs in as {person.role}, {consent}.")
