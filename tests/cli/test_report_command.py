"""`collector report` tells of the catalogue what is so, and nobody's name."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from small_catalogue import NAME, Place, Run

from collector.catalogue.catalogue import Catalogue
from collector.clock import ManualClock

EXAMPLE = Path(__file__).parents[2] / "launch" / "stations" / "realsense_example.yaml"


@pytest.fixture
def report(place: Place, run: Run) -> Any:
    def reported(*words: object) -> dict[str, Any]:
        return json.loads(run("report", "--root", place.root, "--json", *words))

    return reported


def rows_of(text: str, section: str) -> list[str]:
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(section))
    rows = lines[start + 2 :]
    return rows[: rows.index("")] if "" in rows else rows


def test_success_is_told_by_operator_task_and_day(report: Any, place: Place) -> None:
    rows = report()["success"]
    assert [(r["operator"], r["task"], r["day"]) for r in rows] == sorted(
        [
            (place.steady, "open_drawer", "2026-11-24"),
            (place.steady, "open_drawer", "2026-11-25"),
            (place.careless, "press_switch", "2026-11-26"),
        ]
    )
    steady = next(r for r in rows if r["day"] == "2026-11-24")
    assert (steady["attempts"], steady["successes"]) == (30, 27)
    # Wilson's interval of 27 of 30, from R's prop.test without correction.
    assert (steady["low"], steady["high"]) == pytest.approx((0.7438, 0.9654), abs=1e-4)


def test_coverage_is_that_of_the_whole_campaign_whatever_is_filtered(
    report: Any, place: Place
) -> None:
    whole = {r["task"]: r["collected"] for r in report()["coverage"]}
    assert whole["open_drawer"] == 43  # 48 collected, 5 of them failures
    of_one = report("--operator", place.careless, "--since", "2026-11-26")
    assert {r["task"]: r["collected"] for r in of_one["coverage"]} == whole
    assert [r["operator"] for r in of_one["success"]] == [place.careless]


def test_coverage_is_what_the_interleaving_counts(report: Any, place: Place) -> None:
    with Catalogue.open(place.root / "catalogue.db", ManualClock(), random.Random(0)) as catalogue:
        counted = catalogue.collected_counts()
    told = {r["task"]: r["collected"] for r in report()["coverage"]}
    assert {task: told[task] for task in counted} == counted


def test_filters_fit_together(report: Any, place: Place) -> None:
    assert report("--phase", "practice", "--task", "open_drawer")["total"]["attempts"] == 12
    assert report("--station", "bench-2")["total"]["attempts"] == 10
    assert report("--until", "2026-11-24")["total"]["attempts"] == 30
    assert report("--since", "2026-11-25", "--until", "2026-11-25")["total"]["attempts"] == 30


def test_a_day_begins_where_the_zone_says(report: Any) -> None:
    days = {r["day"] for r in report("--zone", "Pacific/Auckland")["success"]}
    assert days == {"2026-11-24", "2026-11-25", "2026-11-26"}
    first = min(r["day"] for r in report("--zone", "Pacific/Honolulu")["success"])
    assert first == "2026-11-23"


def test_an_hour_costs_what_the_options_say(report: Any) -> None:
    total = report("--operator-rate", 30, "--station-rate", 12, "--operator", "nobody")["total"]
    assert total is None
    told = report("--operator-rate", 30, "--station-rate", 12, "--currency", "USD")["total"]
    assert told["cost"] == pytest.approx(42 * told["hours"])
    assert told["currency"] == "USD"
    assert told["cost_per_demonstration"] == pytest.approx(told["cost"] / 43)


def test_a_stations_description_says_its_rate_and_zeros_say_none(
    report: Any, place: Place, tmp_path: Any
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    zeros = "hourly_rate: {operator: 0, station: 0, currency: EUR}"
    assert zeros in text
    described = tmp_path / "station.yaml"
    lines = ["station_id: bench-1" if x.startswith("station_id") else x for x in text.split("\n")]
    described.write_text("\n".join(lines), encoding="utf-8")
    words = ("--station", "bench-1", "--description", described)
    assert report(*words)["total"]["cost"] is None
    paid = "\n".join(lines).replace(zeros, "hourly_rate: {operator: 20, station: 5}")
    described.write_text(paid, encoding="utf-8")
    told = report(*words)["total"]
    assert told["cost"] == pytest.approx(25 * told["hours"])
    dearer = report(*words, "--operator-rate", 40)["total"]
    assert dearer["cost"] == pytest.approx(45 * told["hours"])
    # The other station's rate is not known: rather no cost than too little.
    assert report("--description", described)["total"]["cost"] is None


@pytest.mark.parametrize("columns", [80, 120])
def test_the_tables_fit_the_terminal(run: Run, place: Place, columns: int) -> None:
    words = ("--root", place.root, "--operator-rate", 30, "--rows", 0)
    text = run("report", *words, columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    operators = rows_of(text, "Operators")
    assert len(operators) == 2
    assert any("40 % !" in row for row in operators)
    assert "90 %" in next(row for row in operators if row.startswith(place.steady))
    assert len(rows_of(text, "Success by day, operator, task")) == 3
    assert f"{place.careless}: 4 of 10" in text  # the suspicious discards, in words


def test_newest_days_come_first_and_what_is_left_out_is_said(run: Run, place: Place) -> None:
    text = run("report", "--root", place.root, "--rows", 1)
    assert "2026-11-26" in rows_of(text, "Success by")[0]
    assert "2 rows more: --rows 0 shows all" in text


def test_nobodys_name_is_told(run: Run, place: Place) -> None:
    for words in ((), ("--json",)):
        text = run("report", "--root", place.root, *words)
        assert place.steady in text
        assert NAME.split()[0] not in text


def test_pictures_are_drawn_where_they_are_asked_for(run: Run, place: Place, tmp_path: Any) -> None:
    text = run("report", "--root", place.root, "--plots", tmp_path / "plots")
    drawn = {path.name for path in (tmp_path / "plots").iterdir()}
    assert drawn == {
        "coverage.png",
        "success_by_day.png",
        "success_by_task.png",
        "throughput.png",
    }
    assert all(name in text for name in drawn)


def test_nothing_to_report_is_one_sentence(run: Run, place: Place, tmp_path: Any) -> None:
    new = tmp_path / "new"
    new.mkdir()
    run("catalog", "rebuild", "--root", new)
    empty = run("report", "--root", new)
    assert empty == "Nothing to report: the catalogue has no attempt yet.\n"
    unfit = run("report", "--root", place.root, "--operator", "op-none")
    assert unfit == "Nothing to report: no attempt fits these filters.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--phase", "rehearsal"), "there is no phase 'rehearsal'"),
        (("--zone", "Mars/Base"), "there is no time zone 'Mars/Base'"),
        (("--zone", "../etc"), "there is no time zone"),
        (("--since", "2026-11-25", "--until", "2026-11-24"), "lies before"),
        (("--by", "colour"), "cannot group by 'colour'"),
        (("--operator-rate", "1", "--currency", "euro"), "three capital letters"),
        (("--description", "nosuch.yaml"), "nosuch.yaml"),
        (("--plots", "/proc/nosuch"), "cannot be written"),
    ],
)
def test_bad_usage_is_one_sentence(
    run: Run, place: Place, words: tuple[str, ...], sentence: str
) -> None:
    text = run("report", "--root", place.root, *words, code=2)
    assert sentence in text
    assert len(text.splitlines()) == 1
