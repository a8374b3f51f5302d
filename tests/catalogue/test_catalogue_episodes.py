"""Episodes: registering sealed folders, labels, and pages that lose and repeat nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from databases import new_database
from hypothesis import given, settings
from hypothesis import strategies as st
from people import facts, operator, supervisor

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.episode_list import STATUSES, Episode, EpisodeFilter
from collector.catalogue.errors import CatalogueError
from collector.clock import ManualClock


def register(catalogue: Catalogue, number: int, **changes) -> str:
    catalogue.register_facts(facts(number, **changes), "stack", "recorder")
    return facts(number).episode_id


def test_facts_come_back_as_registered(catalogue: Catalogue) -> None:
    episode = catalogue.episode(register(catalogue, 3, gaps=2, success=0))
    assert (episode.steps, episode.gaps, episode.duration_s) == (40, 2, 8.0)
    assert episode.max_skew_ns == {"static": 7_000_000, "wrist": 11_000_000}
    assert episode.status == "recorded"


def test_labels_of_three_sources_are_never_merged(catalogue: Catalogue, tmp_path: Path) -> None:
    person, boss = operator(catalogue, tmp_path).operator_id, supervisor(catalogue)
    episode = register(catalogue, 1, operator_id=person, success=1, success_predicate=0)
    catalogue.label(episode, "reviewer", "failure", boss, "it fell over")
    catalogue.label(episode, "operator", "unlabelled", person, "not sure any more")
    shown = catalogue.episode(episode)
    assert shown.success == 1  # as sealed
    assert (shown.label_operator, shown.label_predicate, shown.label_reviewer) == (
        "unlabelled",
        "failure",
        "failure",
    )
    given_labels = [(v.source, v.value) for v in catalogue.labels(episode)]
    assert given_labels == [
        ("operator", "success"),
        ("predicate", "failure"),
        ("reviewer", "failure"),
        ("operator", "unlabelled"),
    ]


def test_an_operator_labels_only_their_own(catalogue: Catalogue, tmp_path: Path) -> None:
    other = operator(catalogue, tmp_path).operator_id
    episode = register(catalogue, 1)
    with pytest.raises(CatalogueError, match="op-0001's to give"):
        catalogue.label(episode, "operator", "success", other)


@pytest.mark.parametrize(("source", "value"), [("robot", "success"), ("operator", "great")])
def test_unknown_sources_and_labels_are_refused(
    catalogue: Catalogue, source: str, value: str
) -> None:
    with pytest.raises(CatalogueError, match="choose from"):
        catalogue.label(register(catalogue, 1), source, value, "op-0001")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"phase": "practice"}, "only collection is released"),
        ({"outcome": "discarded", "success": -1}, "was discarded"),
        ({"outcome": "interrupted", "success": -1}, "was interrupted"),
        ({"operator_id": None}, "nobody has no consent"),
        ({"operator_id": "op-9999"}, "op-9999 has no consent"),
    ],
)
def test_what_may_not_be_used_is_not_released(
    catalogue: Catalogue, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    person, boss = operator(catalogue, tmp_path).operator_id, supervisor(catalogue)
    episode = register(catalogue, 1, **{"operator_id": person, **changes})
    with pytest.raises(CatalogueError, match=why):
        catalogue.release_episode(episode, boss, "good")
    assert catalogue.exportable_episodes(released_only=False) == []


def test_a_deleted_episode_stays_deleted(catalogue: Catalogue) -> None:
    boss = supervisor(catalogue)
    episode = register(catalogue, 1)
    catalogue.delete_episode(episode, boss, "a face in the picture")
    assert catalogue.register_facts(facts(1), "stack", "rebuild").change == "unchanged"
    assert catalogue.episode(episode).status == "deleted"
    with pytest.raises(CatalogueError, match="has been deleted"):
        catalogue.release_episode(episode, boss, "good")


def test_an_episode_with_other_contents_is_refused(catalogue: Catalogue) -> None:
    episode = register(catalogue, 1)
    with pytest.raises(CatalogueError, match="is not the episode"):
        catalogue.register_facts(facts(1, digest="f" * 64, steps=41), "stack", "recorder")
    assert catalogue.episode(episode).steps == 40


def test_pages_stay_whole_while_episodes_are_added(catalogue: Catalogue) -> None:
    for number in range(0, 20, 2):
        register(catalogue, number)
    first = catalogue.list_episodes(limit=4)
    register(catalogue, 99)
    second = catalogue.list_episodes(limit=4, after=first.next)
    shown = [e.episode_id for e in (*first.episodes, *second.episodes)]
    assert shown == [facts(number).episode_id for number in range(18, 2, -2)]


@pytest.mark.parametrize("after", ["", "yesterday", ":", "x:y", "12.5:a"])
def test_a_place_that_is_none_is_refused(catalogue: Catalogue, after: str) -> None:
    with pytest.raises(CatalogueError, match="no place in a list"):
        catalogue.list_episodes(after=after)


def test_pages_and_statuses_have_bounds(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="1 to 500"):
        catalogue.list_episodes(limit=501)
    with pytest.raises(CatalogueError, match="no status 'lost'"):
        catalogue.list_episodes(EpisodeFilter(status="lost"))


OPERATORS = ("op-a", "op-B", "op-ä", None)
TASKS = ("stack", "Sort", "séparer")


@pytest.fixture(scope="module")
def sqlite_full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    where = tmp_path_factory.mktemp("full") / "catalogue.db"
    yield from _full(where)


@pytest.fixture(scope="module")
def postgres_full(postgres_server: str) -> Iterator[Catalogue]:
    yield from _full(new_database(postgres_server))


def _full(where: str | Path) -> Iterator[Catalogue]:
    """120 episodes of few operators, tasks and moments, many of them at the same one."""
    rng = random.Random(5)
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with Catalogue.open(where, ManualClock(), random.Random(1), hasher) as catalogue:
        boss = catalogue.add_operator("271828", "supervisor").operator_id
        with catalogue.together():
            for number in range(120):
                episode = register(
                    catalogue,
                    number,
                    operator_id=rng.choice(OPERATORS),
                    task_id=rng.choice(TASKS),
                    created_ns=rng.randrange(12) * 10**9,
                    outcome=rng.choice(("success", "failure")),
                    session_id=None,
                )
                if rng.random() < 0.3:
                    catalogue.delete_episode(episode, boss, "a test")
        yield catalogue


FILTERS = st.builds(
    EpisodeFilter,
    operator_id=st.sampled_from(OPERATORS),
    task_id=st.sampled_from((*TASKS, None, "none such")),
    from_ns=st.none() | st.integers(-1, 13).map(lambda s: s * 10**9),
    before_ns=st.none() | st.integers(-1, 13).map(lambda s: s * 10**9),
    status=st.sampled_from((*STATUSES, None)),
    outcome=st.sampled_from(("success", None)),
)


def fits(episode: Episode, wanted: EpisodeFilter) -> bool:
    return (
        (wanted.operator_id is None or episode.operator_id == wanted.operator_id)
        and (wanted.task_id is None or episode.task_id == wanted.task_id)
        and (wanted.from_ns is None or episode.created_ns >= wanted.from_ns)
        and (wanted.before_ns is None or episode.created_ns < wanted.before_ns)
        and (wanted.status is None or episode.status == wanted.status)
        and (wanted.outcome is None or episode.outcome == wanted.outcome)
    )


@pytest.mark.parametrize("database", ["sqlite_full", "postgres_full"])
def test_pages_together_are_what_filtering_everything_gives(
    request: pytest.FixtureRequest, database: str
) -> None:
    catalogue: Catalogue = request.getfixturevalue(database)
    everything = [catalogue.episode(facts(number).episode_id) for number in range(120)]
    everything.sort(key=lambda e: (e.created_ns, e.episode_id), reverse=True)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(wanted=FILTERS, limit=st.integers(1, 50))
    def hold(wanted: EpisodeFilter, limit: int) -> None:
        shown: list[Episode] = []
        page = catalogue.list_episodes(wanted, limit=limit)
        shown += page.episodes
        while page.next is not None:
            assert len(page.episodes) == limit
            page = catalogue.list_episodes(wanted, page.next, limit)
            assert page.episodes
            shown += page.episodes
        assert shown == [episode for episode in everything if fits(episode, wanted)]

    hold()
