"""People: pseudonyms, PINs that back off, consent and its withdrawal."""

from __future__ import annotations

import hashlib
import os
import random
import stat
from pathlib import Path

import pytest
from people import PIN, facts, operator, supervisor

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueError, NotPermittedError, SignInError
from collector.catalogue.names import NameFile, names_file
from collector.catalogue.operators import LONGEST_WAIT_NS
from collector.clock import NS_PER_S, ManualClock


def wrong(catalogue: Catalogue, operator_id: str, pin: str = "0000") -> SignInError:
    with pytest.raises(SignInError) as caught:
        catalogue.sign_in(operator_id, pin)
    return caught.value


def test_an_operator_signs_in_under_a_pseudonym(catalogue: Catalogue, tmp_path: Path) -> None:
    person = operator(catalogue, tmp_path)
    assert person.operator_id.startswith("op-")
    assert catalogue.sign_in(person.operator_id, PIN) == person


def test_pseudonyms_that_are_drawn_twice_stay_apart(open_catalogue) -> None:
    people = [open_catalogue(seed=3).add_operator(PIN).operator_id for _ in range(3)]
    assert len(set(people)) == 3


def test_a_pin_is_kept_as_an_argon2_hash_alone(catalogue: Catalogue) -> None:
    person = catalogue.add_operator("86753091")
    with catalogue._reading() as session:
        from collector.catalogue.tables import OperatorRow

        row = session.get_one(OperatorRow, person.operator_id)
        assert row.pin_hash is not None
        assert row.pin_hash.startswith("$argon2id$")
    assert "86753091" not in "".join(e.as_line() for e in catalogue.custody_chain())


@pytest.mark.parametrize(
    ("pin", "role"),
    [("123", "operator"), ("12345", "supervisor"), ("12a4", "operator"), ("", "operator")],
)
def test_a_pin_of_no_use_is_refused(catalogue: Catalogue, pin: str, role: str) -> None:
    with pytest.raises(CatalogueError, match="digits"):
        catalogue.add_operator(pin, role)
    assert catalogue.operators() == []


def test_wrong_pins_wait_longer_and_longer(catalogue: Catalogue, clock: ManualClock) -> None:
    person = catalogue.add_operator(PIN).operator_id
    assert [wrong(catalogue, person).wait_ns for _ in range(3)] == [0, 0, 5 * NS_PER_S]
    assert "try again in 5 s" in str(wrong(catalogue, person, PIN))  # right, but too early
    clock.advance(5 * NS_PER_S)
    assert wrong(catalogue, person).wait_ns == 10 * NS_PER_S
    waits = []
    for _ in range(12):
        clock.advance(LONGEST_WAIT_NS)
        waits.append(wrong(catalogue, person).wait_ns)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_NS
    clock.advance(LONGEST_WAIT_NS)
    assert catalogue.sign_in(person, PIN).operator_id == person
    assert wrong(catalogue, person).wait_ns == 0  # counts from the start again


def test_a_wait_outlives_the_process(open_catalogue) -> None:
    first = open_catalogue()
    person = first.add_operator(PIN).operator_id
    for _ in range(3):
        wrong(first, person)
    first.close()
    assert wrong(open_catalogue(), person, PIN).wait_ns == 5 * NS_PER_S


def test_a_clock_set_back_does_not_lock_anybody_out(
    catalogue: Catalogue, clock: ManualClock
) -> None:
    person = catalogue.add_operator(PIN).operator_id
    for _ in range(3):
        wrong(catalogue, person)
    clock.advance(-(10**9) * NS_PER_S)
    assert wrong(catalogue, person, PIN).wait_ns == LONGEST_WAIT_NS
    clock.advance(LONGEST_WAIT_NS)
    assert catalogue.sign_in(person, PIN).operator_id == person


def test_a_new_pin_ends_the_wait(catalogue: Catalogue) -> None:
    person = catalogue.add_operator(PIN).operator_id
    for _ in range(3):
        wrong(catalogue, person)
    catalogue.set_pin(person, "9999")
    assert catalogue.sign_in(person, "9999").operator_id == person


def test_nobody_signs_in_without_being_known(catalogue: Catalogue) -> None:
    assert "there is no operator op-nobody" in str(wrong(catalogue, "op-nobody"))


def test_consent_names_its_document_by_digest(catalogue: Catalogue, tmp_path: Path) -> None:
    person = operator(catalogue, tmp_path)
    consent = person.consent
    assert consent is not None
    text = (tmp_path / "consent.txt").read_bytes()
    assert consent.digest == hashlib.sha256(text).hexdigest()
    assert consent.reference == f"consent.txt#{consent.digest[:12]}"
    assert consent.scope == "training of robot models"


def test_consent_without_a_document_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    person = operator(catalogue, tmp_path, consent=False)
    with pytest.raises(CatalogueError, match="cannot be read"):
        catalogue.give_consent(person.operator_id, tmp_path / "none.pdf", "training")


def test_withdrawing_takes_every_episode_out_of_exports(
    catalogue: Catalogue, tmp_path: Path, clock: ManualClock
) -> None:
    person, other = (operator(catalogue, tmp_path).operator_id for _ in range(2))
    boss = supervisor(catalogue)
    for number, owner in enumerate([person, person, other]):
        catalogue.register_facts(facts(number, operator_id=owner), "stack", "recorder")
        catalogue.release_episode(facts(number).episode_id, boss, "good")
    assert len(catalogue.exportable_episodes()) == 3
    clock.advance(1000 * NS_PER_S)
    assert catalogue.withdraw_consent(person, "asked by mail") == 2
    assert [e.operator_id for e in catalogue.exportable_episodes()] == [other]
    # One that was recorded before, and is registered only now.
    catalogue.register_facts(facts(9, operator_id=person), "stack", "recorder")
    assert catalogue.episode(facts(9).episode_id).status == "withdrawn"
    with pytest.raises(CatalogueError, match="withdrawn consent"):
        catalogue.release_episode(facts(9).episode_id, boss, "good")


def test_a_later_consent_covers_later_episodes_only(
    catalogue: Catalogue, tmp_path: Path, clock: ManualClock
) -> None:
    person = operator(catalogue, tmp_path).operator_id
    catalogue.register_facts(facts(0, operator_id=person), "stack", "recorder")
    clock.advance(1000 * NS_PER_S)
    catalogue.withdraw_consent(person, "")
    catalogue.give_consent(person, tmp_path / "consent.txt", "again")
    later = clock.now_ns() + NS_PER_S
    catalogue.register_facts(facts(1, operator_id=person, created_ns=later), "stack", "recorder")
    exportable = catalogue.exportable_episodes(released_only=False)
    assert [episode.episode_id for episode in exportable] == [facts(1).episode_id]


def test_only_a_supervisor_overrides_releases_and_deletes(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    person = operator(catalogue, tmp_path).operator_id
    catalogue.register_facts(facts(0, operator_id=person), "stack", "recorder")
    episode = facts(0).episode_id
    for decide in (
        lambda: catalogue.override_gate(person, "stack", "stack", person, "because"),
        lambda: catalogue.release_episode(episode, person, "because"),
        lambda: catalogue.delete_episode(episode, person, "because"),
        lambda: catalogue.label(episode, "reviewer", "failure", person),
    ):
        with pytest.raises(NotPermittedError, match="only a supervisor can"):
            decide()
    assert catalogue.episode(episode).status == "recorded"
    assert catalogue.overrides(person) == []
    boss = supervisor(catalogue)
    with pytest.raises(CatalogueError, match="reason"):
        catalogue.delete_episode(episode, boss, " ")
    catalogue.delete_episode(episode, boss, "a face in the picture")
    assert catalogue.exportable_episodes(released_only=False) == []


def test_names_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    file = NameFile(names_file(tmp_path))
    assert file.names() == {}
    file.remember("op-7f3a", "Zoë Ångström")
    file.remember("op-1111", "Bo")
    assert file.names() == {"op-7f3a": "Zoë Ångström", "op-1111": "Bo"}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    file.forget("op-1111")
    assert file.names() == {"op-7f3a": "Zoë Ångström"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_names_that_others_can_read_are_refused(tmp_path: Path, mode: int) -> None:
    file = NameFile(names_file(tmp_path))
    file.remember("op-7f3a", "Zoë")
    os.chmod(file.path, mode)
    with pytest.raises(CatalogueError, match=r"others can read .*: chmod 600"):
        file.names()
    with pytest.raises(CatalogueError, match="others can read"):
        file.remember("op-1111", "Bo")


def test_a_catalogue_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    Catalogue.open(path, ManualClock(), random.Random(0)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
