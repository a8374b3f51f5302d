import json
import random
from datetime import timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_campaign import campaign, record

from collector.reports.campaign import campaign_report
from collector.reports.coverage import coverage_rows
from collector.reports.success import success_rows
from collector.reports.tables import bar, coverage_table, people_table, percent, success_table
from collector.reports.throughput import throughput_rows
from collector.station.description import HourlyRate

RATES = {"bench-1": HourlyRate(operator=30, station=12)}


def attempts(successes: int, failures: int = 0, **changes):
    return [record(30 * k, **changes) for k in range(successes)] + [
        record(30 * k, outcome="failure", **changes) for k in range(failures)
    ]


def test_success_has_its_wilson_interval():
    """8 of 10: 49.0 to 94.3 %, the textbook value."""
    (row,) = success_rows(attempts(8, 2), by=("operator",))
    assert row.key == ("op-1",)
    assert (row.attempts, row.successes, row.rate) == (10, 8, 0.8)
    assert row.low == pytest.approx(0.490, abs=5e-4)
    assert row.high == pytest.approx(0.943, abs=5e-4)


def test_only_labelled_attempts_speak_of_success():
    thrown = [record(outcome=o) for o in ("discarded", "discarded", "unlabelled", "interrupted")]
    (row,) = success_rows([*attempts(3, 1), *thrown], by=("task",))
    assert (row.attempts, row.rate, row.discarded, row.other) == (4, 0.75, 2, 2)


def test_without_a_label_nothing_is_known():
    (row,) = success_rows([record(outcome="discarded")], by=("task",))
    assert (row.rate, row.low, row.high) == (None, 0, 1)


def test_rows_are_by_operator_task_and_day():
    late = record(operator_id="op-2", task_id="stack")
    next_day = record(86_400)
    rows = success_rows([late, next_day, record()])
    assert [row.key for row in rows] == [
        ("op-1", "pick", "2026-11-24"),
        ("op-1", "pick", "2026-11-25"),
        ("op-2", "stack", "2026-11-24"),
    ]


def test_a_day_begins_where_the_station_stands():
    evening = record(16 * 3600)  # 23:00 UTC
    (row,) = success_rows([evening], ("day",), timezone(timedelta(hours=1)))
    assert row.key == ("2026-11-25",)


def test_what_cannot_be_grouped_by_is_named():
    with pytest.raises(ValueError, match="'colour': choose from operator, task"):
        success_rows([record()], by=("colour",))
    with pytest.raises(ValueError, match="'colour'"):
        throughput_rows([record()], {}, by=("colour",))


def test_an_hour_of_work_counts_from_the_first_attempt_resets_and_practice_included():
    made = [record(k * 60, 20) for k in range(59)] + [record(3540, 60)]
    made[:20] = [record(k * 60, 20, phase="practice") for k in range(20)]
    (row,) = throughput_rows(made, RATES)
    assert row.hours == pytest.approx(1.0)
    assert (row.attempts, row.demonstrations) == (60, 40)
    assert row.per_hour == pytest.approx(40)
    assert row.cost == pytest.approx(42)
    assert row.cost_per_demonstration == pytest.approx(42 / 40)
    assert row.currency == "EUR"


def test_a_reset_belongs_to_the_attempt_after_it():
    made = [record(0, 20), record(50, 10, task_id="stack")]
    pick, stack = throughput_rows(made, RATES, by=("task",))
    assert pick.hours * 3600 == pytest.approx(20)
    assert stack.hours * 3600 == pytest.approx(40)


def test_a_night_is_not_paid_though_nobody_signed_out():
    made = [record(0, 20), record(14 * 3600, 20)]
    (row,) = throughput_rows(made, RATES)
    assert row.hours * 3600 == pytest.approx(40)


def test_each_station_has_its_own_rate_and_an_unknown_one_has_no_cost():
    made = [
        record(0, 3600),
        record(0, 3600, station_id="bench-2", session_id="s-2"),
        record(0, 3600, station_id="bench-3", session_id="s-3"),
    ]
    rates = {**RATES, "bench-2": HourlyRate(operator=10)}
    rows = throughput_rows(made, rates, by=("station",))
    assert [row.cost for row in rows] == [pytest.approx(42), pytest.approx(10), None]
    assert throughput_rows(made[:2], rates, ())[0].cost == pytest.approx(52)
    assert throughput_rows(made, rates, ())[0].cost is None  # rather than too little


def test_currencies_are_not_added_up():
    made = [record(), record(station_id="bench-2")]
    rates = {**RATES, "bench-2": HourlyRate(operator=10, currency="USD")}
    with pytest.raises(ValueError, match="EUR and USD"):
        throughput_rows(made, rates)


def test_without_a_demonstration_there_is_no_cost_of_one():
    (row,) = throughput_rows(attempts(0, 3), RATES)
    assert row.cost > 0
    assert (row.demonstrations, row.per_hour, row.cost_per_demonstration) == (0, 0, None)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 999))
def test_the_parts_add_up_to_the_whole_however_they_are_cut(operators, tasks, days, seed):
    made = campaign(
        [f"op-{k}" for k in range(operators)], [f"t-{k}" for k in range(tasks)], days, 12, seed
    )
    random.Random(seed).shuffle(made)
    (total,) = throughput_rows(made, RATES, ())
    for by in (("operator",), ("task", "day"), ("phase",), ("station", "operator", "task_type")):
        rows = throughput_rows(made, RATES, by)
        assert sum(r.hours for r in rows) == pytest.approx(total.hours)
        assert sum(r.cost for r in rows) == pytest.approx(total.cost)
        assert sum(r.demonstrations for r in rows) == total.demonstrations
        successes = success_rows(made, by)
        assert sum(r.attempts + r.discarded + r.other for r in successes) == len(made)


def test_what_an_attempt_took_does_not_depend_on_which_are_asked_for():
    """Between two attempts at one task others were made: their time is not this task's."""
    made = [
        record(0, 20),
        record(30, 300, task_id="stack"),
        record(340, 20),
    ]
    (row,) = throughput_rows(made, RATES, ("task",), wanted=lambda r: r.task_id == "pick")
    assert row.key == ("pick",)
    assert row.hours * 3600 == pytest.approx(20 + 30)


def test_a_contradicted_success_is_no_success_and_is_told():
    made = [*attempts(8), record(contradicted=True), record(outcome="failure", contradicted=True)]
    (row,) = success_rows(made, ("operator",))
    assert (row.attempts, row.successes, row.disputed) == (10, 8, 1)
    assert coverage_rows(made, {"pick": 10})[0].collected == 8


def test_what_cannot_be_used_is_a_success_but_no_demonstration():
    made = [*attempts(3), record(usable=False)]
    assert success_rows(made, ("operator",))[0].successes == 4
    assert coverage_rows(made, {"pick": 10})[0].collected == 3
    assert throughput_rows(made, RATES)[0].demonstrations == 3


@pytest.mark.parametrize(
    ("labelled", "discarded", "suspicious"),
    [(8, 2, False), (7, 3, True), (2, 7, False), (80, 20, False), (79, 21, True)],
)
def test_more_than_a_fifth_discarded_of_ten_is_suspicious(labelled, discarded, suspicious):
    made = [*attempts(labelled), *[record(outcome="discarded")] * discarded]
    (row,) = success_rows(made, ("operator",))
    assert row.discard_share == pytest.approx(discarded / (labelled + discarded))
    assert row.discards_suspicious is suspicious


def test_a_filtered_report_keeps_the_coverage_of_the_whole_campaign():
    made = [*attempts(5), *attempts(7, operator_id="op-2")]
    report = campaign_report(made, {"pick": 20}, RATES, wanted=lambda r: r.operator_id == "op-2")
    assert report.success.attempts == report.total.attempts == 7
    assert report.coverage[0].collected == 12


def test_coverage_counts_collected_successes_least_covered_first():
    made = [
        *attempts(5),
        *attempts(9, phase="practice"),
        *attempts(3, 4, task_id="stack"),
        *attempts(2, task_id="extra"),
    ]
    rows = coverage_rows(made, {"pick": 10, "stack": 4, "drawer": 20, "rest": 0})
    assert [(r.task_id, r.collected, r.quota, r.share, r.missing) for r in rows] == [
        ("drawer", 0, 20, 0.0, 20),
        ("pick", 5, 10, 0.5, 5),
        ("stack", 3, 4, 0.75, 1),
        ("extra", 2, 0, None, 0),
        ("rest", 0, 0, None, 0),
    ]


def test_a_quota_is_not_negative():
    with pytest.raises(ValueError, match="pick is -1"):
        coverage_rows([], {"pick": -1})


def test_an_empty_campaign_has_an_empty_report():
    report = campaign_report([], {"pick": 5}, RATES)
    assert report.total is None
    assert report.by_operator_task_day == ()
    assert [r.missing for r in report.coverage] == [5]


def test_a_report_goes_into_json():
    made = campaign(["op-1", "op-2"], ["pick", "stack"], 2, 20)
    values = json.loads(json.dumps(campaign_report(made, {"pick": 30}, RATES).as_dict()))
    assert values["success"][0].keys() >= {"operator", "task", "day", "rate", "low", "high"}
    assert values["total"]["attempts"] == 80
    assert values["throughput"][1]["operator"] == "op-2"
    assert values["coverage"][0]["quota"] == 30


def test_tables_are_whole():
    made = campaign(["op-1", "op-2"], ["pick", "stack"], 2, 20)
    for table in (
        success_table(success_rows(made), ("operator", "task", "day")),
        people_table(success_rows(made, ("operator",)), throughput_rows(made, RATES)),
        people_table(success_rows(made, ("operator",)), throughput_rows(made, {})),
        coverage_table(coverage_rows(made, {"pick": 30})),
    ):
        assert table.rows
        assert all(len(row) == len(table.headings) for row in table.rows)
        assert all(cell for row in table.rows for cell in row)


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %"), (0.999, "99 %"), (1.0, "100 %")],
)
def test_a_rounded_share_does_not_claim_all_or_nothing(share, text):
    assert percent(share) == text


@pytest.mark.parametrize("share", [0.0, 0.001, 0.49, 0.5, 0.999, 1.0, 7.0])
def test_a_bar_is_full_only_when_the_quota_is(share):
    drawn = bar(share)
    assert len(drawn) == 20
    assert (drawn == "█" * 20) == (share >= 1)
