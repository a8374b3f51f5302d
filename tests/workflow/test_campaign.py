"""A campaign over the real workflow ends with its quotas, and nothing passed the gate."""

from __future__ import annotations

import pytest
from station import LIBRARY

from collector.tasks.library import TaskLibrary
from collector.workflow.campaign import Campaign, CampaignPlan, CampaignReport


def smaller(share: float) -> TaskLibrary:
    return TaskLibrary(
        {
            name: task.model_copy(update={"quota": round(task.quota * share)})
            for name, task in LIBRARY.tasks.items()
        }
    )


def run(seed: int) -> CampaignReport:
    plan = CampaignPlan(operators=4, attempts=2_000, stations=2, seed=seed)
    return Campaign(smaller(0.15), plan).run()


@pytest.fixture(scope="module")
def report() -> CampaignReport:
    return run(1)


def test_every_quota_is_met_within_a_tenth(report: CampaignReport) -> None:
    for name, task in report.tasks.items():
        assert 0.9 <= task.covered <= 1.1, name


def test_nothing_is_collected_below_the_gate(report: CampaignReport) -> None:
    assert report.below_gate == 0
    assert report.opened > 12
    assert report.fell_back > 0


def test_blocks_are_interleaved(report: CampaignReport) -> None:
    assert report.repeated_types == 0


def test_counts_add_up(report: CampaignReport) -> None:
    total = sum(task.practice + task.collection for task in report.tasks.values())
    assert total == report.attempts <= 2_000
    for task in report.tasks.values():
        assert task.collected <= task.collection
        assert task.interval[0] <= task.success <= task.interval[1]


def test_the_same_seed_is_the_same_campaign(report: CampaignReport) -> None:
    assert run(1) == report


def test_more_stations_than_operators_are_refused() -> None:
    with pytest.raises(ValueError, match="a station needs an operator"):
        Campaign(LIBRARY, CampaignPlan(operators=1, stations=2))


def test_the_shipped_quotas_are_what_a_campaign_of_10000_attempts_yields() -> None:
    report = Campaign(LIBRARY, CampaignPlan()).run()
    assert report.attempts == 10_000
    assert len(report.tasks) == 12
    assert all(0.9 <= task.covered <= 1.1 for task in report.tasks.values())
    assert report.below_gate == report.repeated_types == 0
    assert report.fell_back > 0
