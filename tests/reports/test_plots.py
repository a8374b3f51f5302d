import cv2
import numpy as np
import pytest
from made_up_campaign import campaign, record

from collector.reports.campaign import CampaignReport, campaign_report
from collector.reports.plots import (
    draw_coverage,
    draw_success_days,
    draw_success_matrix,
    draw_throughput,
)
from collector.station.description import HourlyRate

RATES = {"bench-1": HourlyRate(operator=30, station=12)}
TASKS = [f"task_{k}" for k in range(12)]
PLOTS = {
    "matrix": lambda report, path: draw_success_matrix(report.by_operator_task, 0.85, path),
    "days": lambda report, path: draw_success_days(report.by_operator_day, 0.85, path),
    "coverage": lambda report, path: draw_coverage(report.coverage, path),
    "throughput": lambda report, path: draw_throughput(report.by_operator, path),
}


def report(operators: list[str], days: int = 3, each: int = 40) -> CampaignReport:
    return campaign_report(campaign(operators, TASKS, days, each), dict.fromkeys(TASKS, 30), RATES)


def drawn(plot: str, of: CampaignReport, folder) -> np.ndarray:
    path = folder / "plots" / f"{plot}.png"
    PLOTS[plot](of, path)
    image = cv2.imread(str(path))
    assert image is not None
    return image


@pytest.mark.parametrize("plot", PLOTS)
def test_a_picture_grows_with_its_operators_and_nothing_touches_its_edge(plot, tmp_path):
    one = drawn(plot, report(["op-01"]), tmp_path)
    many = drawn(plot, report([f"op-{k:02d}" for k in range(20)]), tmp_path)
    if plot != "coverage":
        assert many.shape[0] > one.shape[0]
    for image in (one, many):
        for edge in (image[:8], image[-8:], image[:, :8], image[:, -8:]):
            assert np.all(edge == 255)


@pytest.mark.parametrize("plot", PLOTS)
def test_long_and_odd_names_stay_inside(plot, tmp_path):
    names = [
        "operator-with-a-pseudonym-of-sixty-letters-that-never-ends-$1",
        "a$b$c",
        "Jürgen_²",
    ]
    made = campaign(names, ["sort_the_blocks_by_colour_into_the_trays_of_the_same_colour"], 2, 20)
    quotas = {"sort_the_blocks_by_colour_into_the_trays_of_the_same_colour": 12}
    image = drawn(plot, campaign_report(made, quotas, RATES), tmp_path)
    for edge in (image[:8], image[-8:], image[:, :8], image[:, -8:]):
        assert np.all(edge == 255)


@pytest.mark.parametrize("plot", PLOTS)
def test_an_empty_campaign_says_so(plot, tmp_path):
    image = drawn(plot, campaign_report([], {}, {}), tmp_path)
    assert image.min() < 200  # there is something to read


@pytest.mark.parametrize("plot", PLOTS)
def test_a_campaign_with_nothing_but_discards_can_be_drawn(plot, tmp_path):
    made = [r for r in campaign(["op-1"], TASKS, 1, 300) if r.discarded]
    assert made
    drawn(plot, campaign_report(made, {"task_0": 0, "task_1": 5}, {}), tmp_path)


def test_the_same_campaign_gives_the_same_picture(tmp_path):
    first = drawn("matrix", report(["op-1", "op-2"]), tmp_path)
    assert np.array_equal(first, drawn("matrix", report(["op-1", "op-2"]), tmp_path))


def test_what_opens_a_task_looks_unlike_what_does_not(tmp_path):
    """85 of 100 opens it, 84 of 100 does not."""

    def colour(successes: int) -> np.ndarray:
        records = [record(outcome="success" if k < successes else "failure") for k in range(100)]
        image = drawn("matrix", campaign_report(records, {}, {}), tmp_path)
        colours, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
        return colours[np.argsort(counts)[-2]].astype(int)  # after the white of the page

    closed, opened = colour(84), colour(85)
    assert opened.mean() < closed.mean() - 80
