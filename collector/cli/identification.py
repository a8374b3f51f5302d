"""Who decides: asks for the pseudonym and the PIN, and signs in.

A PIN is typed unseen or read from a file; it is never an argument, which every user of the
machine could read.
"""

from __future__ import annotations

import stat
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.catalogue_access import fail
from collector.clock import NS_PER_S

if TYPE_CHECKING:
    from collector.catalogue.catalogue import Catalogue
    from collector.catalogue.operators import Operator

Who = Annotated[
    str,
    typer.Option(
        "--as", metavar="SUPERVISOR", help="Pseudonym of who decides; without it, it is asked for."
    ),
]
PinFile = Annotated[
    Path | None,
    typer.Option(
        "--pin-file",
        metavar="FILE",
        help="Read the PIN from a file that its owner alone can read, or `-` for the standard "
        "input; without it, it is asked for.",
    ),
]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the chain of custody.")]


def is_terminal() -> bool:
    """Return whether there is somebody to ask."""
    return sys.stdin.isatty()


def sign_in(catalogue: Catalogue, who: str, pin_file: Path | None) -> Operator:
    """Return who has signed in.

    Raises SignInError where the PIN is wrong or must wait: its message says until when.
    """
    from collector.catalogue.errors import SignInError

    if not who:
        if not is_terminal():
            raise fail("say who decides: --as SUPERVISOR")
        who = str(typer.prompt("Who decides (pseudonym)", err=True))
    pin = pin_from(pin_file)
    try:
        return catalogue.sign_in(who, pin)
    except SignInError as error:
        if error.wait_ns <= 0:
            raise
        seconds = -(-error.wait_ns // NS_PER_S)
        until = datetime.now() + timedelta(seconds=seconds)
        raise SignInError(f"{error}, at {until:%H:%M:%S}", error.wait_ns) from error


def pin_from(pin_file: Path | None, twice: bool = False) -> str:
    """Return the PIN that is typed, or that stands in a file.

    ``twice``: a new one, typed again to be sure. Exits with a sentence where there is none.
    """
    if pin_file is None:
        if is_terminal():
            return str(typer.prompt("PIN", hide_input=True, confirmation_prompt=twice, err=True))
        return _from_pipe()
    if str(pin_file) == "-":
        return _from_pipe()
    try:
        found = pin_file.stat()
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
            raise fail(f"others can read {pin_file}, and it holds a PIN: chmod 600 {pin_file}")
        pin = pin_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"the PIN cannot be read from {pin_file}: {error}") from error
    if not pin:
        raise fail(f"there is no PIN in {pin_file}")
    return pin


def _from_pipe() -> str:
    pin = sys.stdin.readline().strip()
    if not pin:
        raise fail("there is no PIN in the standard input: type it in a terminal, or --pin-file")
    return pin
