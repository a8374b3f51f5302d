"""The chain of custody: nothing can be changed, removed, added or moved unseen."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import PIN, facts, operator, sign_in, supervisor, tell_attempt
from sqlalchemy import text

from collector.catalogue import custody
from collector.catalogue.catalogue import Catalogue
from collector.catalogue.custody import GENESIS, CustodyEvent, chain_faults, event_hash
from collector.catalogue.errors import CatalogueError

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


def chain_of(texts: list[tuple[str, str, str]]) -> list[CustodyEvent]:
    chain, previous = [], GENESIS
    for sequence, (actor, subject, reason) in enumerate(texts, 1):
        fields = (sequence, sequence * 10, actor, "act", subject, reason, "{}", previous)
        previous = event_hash(*fields)
        chain.append(CustodyEvent(*fields, previous))
    return chain


CHAINS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8).map(chain_of)


def faults(chain: list[CustodyEvent], whole: list[CustodyEvent]) -> list[str]:
    return list(chain_faults(chain, (len(whole), whole[-1].hash)))


@settings(max_examples=60, deadline=None)
@given(CHAINS)
def test_a_whole_chain_has_no_fault(chain: list[CustodyEvent]) -> None:
    assert faults(chain, chain) == []


@settings(max_examples=150, deadline=None)
@given(chain=CHAINS, data=st.data())
def test_a_changed_field_is_seen(chain: list[CustodyEvent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from(sorted(chain[0].__dict__)))
    old = getattr(chain[at], name)
    new = data.draw(
        (st.integers(0, 99) if isinstance(old, int) else TEXTS).filter(lambda v: v != old)
    )
    changed = [*chain[:at], replace(chain[at], **{name: new}), *chain[at + 1 :]]
    assert faults(changed, chain)


@settings(max_examples=60, deadline=None)
@given(chain=CHAINS, data=st.data())
def test_a_rewritten_event_breaks_what_follows(
    chain: list[CustodyEvent], data: st.DataObject
) -> None:
    """Whoever changes an event and recomputes its hash must recompute every later one."""
    at = data.draw(st.integers(0, len(chain) - 1))
    forged = replace(chain[at], reason=chain[at].reason + "!")
    fields = {name: value for name, value in forged.__dict__.items() if name != "hash"}
    forged = replace(forged, hash=event_hash(**fields))
    assert faults([*chain[:at], forged, *chain[at + 1 :]], chain)


@settings(max_examples=60, deadline=None)
@given(chain=CHAINS, data=st.data())
def test_removed_and_moved_events_are_seen(chain: list[CustodyEvent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    assert faults([*chain[:at], *chain[at + 1 :]], chain)
    order = data.draw(st.permutations(chain).filter(lambda o: o != chain)) if len(chain) > 1 else []
    assert faults(order, chain)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", "\0", "\ud800", {1, 2}])
def test_what_no_json_can_hold_is_refused(catalogue: Catalogue, value: object) -> None:
    with pytest.raises(CatalogueError):
        catalogue.record_decision("me", "try", "thing:1", payload={"value": value})
    assert list(catalogue.custody_chain()) == []


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        TEXTS, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS | st.none()
    )
)
def test_canonical_json_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert custody.canonical(value) == custody.canonical(dict(reversed(value.items())))


def decide_everything(catalogue: Catalogue, tmp_path: Path) -> None:
    person, boss = operator(catalogue, tmp_path).operator_id, supervisor(catalogue)
    gone = operator(catalogue, tmp_path).operator_id
    sitting = sign_in(catalogue, person)
    mark = tell_attempt(catalogue, sitting, "recording")
    for outcome in ("discarded", "success"):
        tell_attempt(catalogue, sitting, outcome, attempt_id=mark.attempt_id)
    for number in range(4):
        owner = gone if number == 3 else person
        catalogue.register_facts(facts(number, operator_id=owner), "stack", "recorder")
    catalogue.label(facts(0).episode_id, "reviewer", "success", boss)
    catalogue.release_episode(facts(0).episode_id, boss, "good")
    catalogue.delete_episode(facts(1).episode_id, boss, "a face")
    catalogue.withdraw_consent(gone, "by mail")
    catalogue.override_gate(person, "stack", "stack", boss, "a guest")


TAMPERING = {
    "an event's reason": "UPDATE custody_events SET reason = 'other' WHERE sequence = 2",
    "an event's payload": "UPDATE custody_events SET payload = '{}' WHERE action = 'operator.add'",
    "the newest event": "DELETE FROM custody_events WHERE sequence = "
    "(SELECT sequence FROM chain_head)",
    "the head": "UPDATE chain_head SET sequence = sequence + 1",
    "no head": "DELETE FROM chain_head",
    "a role": "UPDATE operators SET role = 'supervisor'",
    "a withdrawal": "UPDATE operators SET withdrawn_ns = NULL",
    "a status": "UPDATE episodes SET status = 'released' WHERE status = 'withdrawn'",
    "a consent": "DELETE FROM consents",
    "a label": "UPDATE labels SET value = 'failure' WHERE source = 'predicate'",
    "a shown label": "UPDATE episodes SET label_reviewer = 'failure'",
    "a word on the gate": "UPDATE overrides SET opens = NULL",
    "no word on the gate": "DELETE FROM overrides",
    "an attempt": "UPDATE attempts SET outcome = 'failure'",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_database_changed_by_hand_is_seen(
    catalogue: Catalogue, tmp_path: Path, what: str
) -> None:
    decide_everything(catalogue, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    assert catalogue.check(elsewhere).problems == []
    with catalogue._writing.begin() as connection:
        assert connection.execute(text(TAMPERING[what])).rowcount > 0
    assert catalogue.check(elsewhere).problems


def test_an_export_shows_a_chain_that_was_replaced(open_catalogue, tmp_path: Path) -> None:
    catalogue = open_catalogue()
    catalogue.add_operator(PIN)
    out = io.StringIO()
    assert catalogue.export_custody(out) == 1
    lines = out.getvalue().splitlines()
    catalogue.add_operator(PIN)
    assert catalogue.check(tmp_path, lines).problems == []
    replaced = open_catalogue(seed=99, where=tmp_path / "replaced.db")
    replaced.add_operator(PIN)
    assert replaced.check(tmp_path).problems == []
    assert replaced.check(tmp_path, lines).problems == ["custody event 1 is not what was exported"]
    with pytest.raises(CatalogueError, match="line 1 is no custody event"):
        catalogue.check(tmp_path, ["nothing"])


def test_a_refused_decision_leaves_no_event(catalogue: Catalogue, tmp_path: Path) -> None:
    person = operator(catalogue, tmp_path).operator_id
    before = len(list(catalogue.custody_chain()))
    with pytest.raises(CatalogueError):
        catalogue.override_gate(person, "stack", "stack", person, "please")
    with catalogue.together():
        with pytest.raises(CatalogueError):
            catalogue.override_gate(person, "stack", "stack", person, "please")
        catalogue.record_decision(person, "note", "operator:x")
    assert len(list(catalogue.custody_chain())) == before + 1


def test_decisions_taken_together_are_undone_together(catalogue: Catalogue) -> None:
    def add_and_fail() -> None:
        with catalogue.together():
            catalogue.add_operator(PIN)
            assert len(catalogue.operators()) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert catalogue.operators() == []
    assert list(catalogue.custody_chain()) == []
