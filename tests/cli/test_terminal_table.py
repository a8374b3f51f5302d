"""Tables fit the terminal: numbers stay whole, names lose their middle."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from collector.cli.terminal_table import LEAST, Column, print_table, shortened

COLUMNS = (
    Column("Task", gives_way=True),
    Column("Count", number=True),
    Column("Note", optional=True),
)


def printed(rows: list[tuple[str, ...]], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_table(console, COLUMNS, rows)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcdefgh_é", min_size=1, max_size=70),
            st.integers(0, 10**9).map(lambda number: f"{number:,}"),
            st.text("xyz ", max_size=40).map(str.strip),
        ),
        max_size=6,
    ),
    st.integers(40, 140),
)
def test_lines_fit_and_numbers_stay_whole(rows: list[tuple[str, ...]], width: int) -> None:
    lines = printed(rows, width)
    assert len(lines) == 1 + len(rows)
    assert max(map(len, lines)) <= width
    for line, (name, number, note) in zip(lines[1:], rows, strict=True):
        assert number in line
        assert name[: LEAST // 2 - 1] in line
        assert "Note" not in lines[0] or note in line


def test_an_optional_column_goes_before_a_name_is_hard_to_read() -> None:
    row = ("put_the_red_block_into_the_bowl", "7", "a note of twenty-eight signs")
    assert "Note" in printed([row], 70)[0]
    narrow = printed([row], 50)
    assert "Note" not in narrow[0]
    assert row[0] in narrow[1]


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = "sort_the_red_and_the_blue_blocks"
    assert shortened(Text(name), 13).plain == "sort_t…blocks"
    assert shortened(Text(name), 32).plain == name
