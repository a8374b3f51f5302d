"""Tables that fit the terminal: numbers stay whole, one column of names gives way.

A name that is too long loses its middle: its beginning and its end tell names apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

GAP = 2
COMFORTABLE = 24  # columns that names keep before an optional column does
LEAST = 12  # columns that names keep


@dataclass(frozen=True)
class Column:
    """How a column is set."""

    heading: str
    number: bool = False  # set right
    gives_way: bool = False  # one column of a table
    optional: bool = False  # left out where the terminal is too narrow, the last first


def print_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str | Text]]
) -> None:
    """Print headings and rows."""
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    natural = [
        max(cell_len(column.heading), *(row[k].cell_len for row in cells), 0)
        for k, column in enumerate(columns)
    ]
    shown = _fitting(columns, natural, console.width)
    widths = {k: natural[k] for k in shown}
    spare = console.width - sum(widths.values()) - GAP * (len(shown) - 1)
    for k in shown:
        if columns[k].gives_way and spare < 0:
            widths[k] = max(widths[k] + spare, min(LEAST, widths[k]))
    _print_line(console, columns, widths, [Text(c.heading, "bold dim") for c in columns])
    for row in cells:
        _print_line(console, columns, widths, row)


def _fitting(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Return the columns that fit when names give way."""
    shown = list(range(len(columns)))
    for k in reversed(range(len(columns))):
        least = [
            min(natural[j], COMFORTABLE) if columns[j].gives_way else natural[j] for j in shown
        ]
        if sum(least) + GAP * (len(shown) - 1) <= width:
            break
        if columns[k].optional:
            shown.remove(k)
    return shown


def _print_line(
    console: Console, columns: Sequence[Column], widths: dict[int, int], row: Sequence[Text]
) -> None:
    line = Text()
    for k, width in widths.items():
        if line:
            line.append(" " * GAP)
        cell = shortened(row[k], width)
        room = " " * (width - cell.cell_len)
        line = line + room + cell if columns[k].number else line + cell + room
    line.rstrip()
    console.print(line, soft_wrap=True)


def shortened(text: Text, width: int) -> Text:
    """Return a text that fits ``width``, without its middle where it is too long."""
    if text.cell_len <= width:
        return text
    tail = (width - 1) // 2
    return Text.assemble(text[: width - 1 - tail], "…", text[len(text) - tail :])
