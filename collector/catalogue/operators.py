"""Operators: pseudonyms, PINs, consent.

A PIN is kept as its argon2id hash (RFC 9106). A failed try is counted before the PIN is
looked at, so neither a kill nor parallel tries win one.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from collector.catalogue.errors import CatalogueError, NotPermittedError, SignInError
from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import ConsentRow, EpisodeRow, OperatorRow
from collector.clock import NS_PER_S, Clock
from collector.episode.seal import digest_file
from collector.preflight.observation import ConsentObservation

OPERATOR = "operator"
SUPERVISOR = "supervisor"
ROLES = (OPERATOR, SUPERVISOR)
PIN_DIGITS = {OPERATOR: 4, SUPERVISOR: 6}  # at least
FREE_TRIES = 3  # wrong ones in a row; from the last of them on, the next try waits
FIRST_WAIT_NS = 5 * NS_PER_S  # doubles with every further try
LONGEST_WAIT_NS = 15 * 60 * NS_PER_S


@dataclass(frozen=True)
class Consent:
    """What a person has agreed to."""

    document: str  # file name of what was signed
    digest: str  # its sha256
    scope: str
    given_ns: int
    withdrawn_ns: int | None

    @property
    def reference(self) -> str:
        """What an episode names as its consent: `<document>#<first digits of the digest>`."""
        return f"{self.document}#{self.digest[:12]}"


@dataclass(frozen=True)
class Operator:
    """A person under a pseudonym."""

    operator_id: str
    role: str  # operator | supervisor
    created_ns: int
    has_pin: bool
    consent: Consent | None  # the newest in force
    withdrawn_ns: int | None  # of the newest withdrawal


class Operators(Ledger):
    """Decisions about people."""

    def __init__(
        self, engine: Engine, clock: Clock, rng: random.Random, hasher: PasswordHasher
    ) -> None:
        super().__init__(engine, clock, rng)
        self._hasher = hasher

    def add_operator(
        self, pin: str, role: str = OPERATOR, actor: str = "administrator"
    ) -> Operator:
        """Add a person under a new pseudonym. Raises CatalogueError for a PIN or role of no use."""
        if role not in ROLES:
            raise CatalogueError(f"there is no role {role!r}: choose from {', '.join(ROLES)}")
        pin_hash = self._hash(pin, role)
        with self._deciding() as session:
            operator_id = self._new_pseudonym(session)
            now_ns = self._append(
                session, actor, "operator.add", f"operator:{operator_id}", payload={"role": role}
            )
            session.add(
                OperatorRow(
                    operator_id=operator_id, role=role, pin_hash=pin_hash, created_ns=now_ns
                )
            )
            session.flush()
            return _operator(session, operator_id)

    def _new_pseudonym(self, session: Session) -> str:
        for digits in (4, 4, 4, 4, 6, 6, 8, 12):
            operator_id = f"op-{self._rng.getrandbits(4 * digits):0{digits}x}"
            if session.get(OperatorRow, operator_id) is None:
                return operator_id
        raise CatalogueError("no pseudonym was free: try again")

    def set_pin(self, operator_id: str, pin: str, actor: str = "administrator") -> None:
        """Give a person a new PIN, and end the wait of failed tries."""
        role = self.operator(operator_id).role
        pin_hash = self._hash(pin, role)
        with self._deciding() as session:
            row = operator_row(session, operator_id)
            row.pin_hash = pin_hash
            row.failed_tries = row.locked_until_ns = 0
            self._append(session, actor, "operator.set-pin", f"operator:{operator_id}")

    def _hash(self, pin: str, role: str) -> str:
        if not re.fullmatch(rf"[0-9]{{{PIN_DIGITS[role]},32}}", pin):
            raise CatalogueError(f"the PIN of a {role} has {PIN_DIGITS[role]} to 32 digits")
        return self._hasher.hash(pin)

    def sign_in(self, operator_id: str, pin: str) -> Operator:
        """Return who this is.

        Raises SignInError where the PIN is wrong or must wait: its ``wait_ns`` says how long.
        """
        with self._deciding() as session:
            row = session.get(OperatorRow, operator_id)
            if row is None:
                raise SignInError(
                    f"there is no operator {operator_id}: see `collector catalog operators list`"
                )
            if row.pin_hash is None:
                raise SignInError(f"{operator_id} has no PIN yet: ask a supervisor to set one")
            now_ns = self._clock.now_ns()
            # After the clock was set back, a wait starts over but never grows.
            row.locked_until_ns = min(row.locked_until_ns, now_ns + LONGEST_WAIT_NS)
            wait_ns = row.locked_until_ns - now_ns
            pin_hash = row.pin_hash
            if wait_ns <= 0:
                row.failed_tries += 1
                next_wait_ns = _wait_ns(row.failed_tries)
                row.locked_until_ns = now_ns + next_wait_ns
        if wait_ns > 0:
            raise SignInError(
                f"too many wrong PINs for {operator_id}: try again in {_duration(wait_ns)}", wait_ns
            )
        right = self._is_right(pin_hash, pin)
        with self._deciding() as session:
            row = operator_row(session, operator_id)
            subject = f"operator:{operator_id}"
            if right:
                row.failed_tries = row.locked_until_ns = 0
                self._append(session, operator_id, "operator.sign-in", subject)
                return _operator(session, operator_id)
            self._append(session, "unknown", "operator.refuse-sign-in", subject, "wrong PIN")
        raise SignInError(
            "the PIN is wrong: "
            + (f"try again in {_duration(next_wait_ns)}" if next_wait_ns else "try again"),
            next_wait_ns,
        )

    def _is_right(self, pin_hash: str, pin: str) -> bool:
        try:
            return self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False

    def operator(self, operator_id: str) -> Operator:
        """Return a person. Raises CatalogueError when there is none."""
        with self._reading() as session:
            return _operator(session, operator_id)

    def operators(self) -> list[Operator]:
        """Return everyone, by pseudonym."""
        with self._reading() as session:
            ids = session.scalars(select(OperatorRow.operator_id).order_by(OperatorRow.operator_id))
            return [_operator(session, operator_id) for operator_id in ids.all()]

    def is_supervisor(self, person_id: str) -> bool:
        """Return whether a person is known as a supervisor."""
        with self._reading() as session:
            row = session.get(OperatorRow, person_id)
            return row is not None and row.role == SUPERVISOR

    def newest_consent(self, operator_id: str) -> Consent | None:
        """Return a person's consent in force, else the newest that is withdrawn, else none."""
        with self._reading() as session:
            row = (
                consent_in_force(session, operator_id)
                or session.scalars(
                    select(ConsentRow)
                    .where(ConsentRow.operator_id == operator_id)
                    .order_by(ConsentRow.consent_id.desc())
                    .limit(1)
                ).first()
            )
            return None if row is None else _consent(row)

    def consent_observation(
        self, operator_id: str, documents: Path | None = None
    ) -> ConsentObservation:
        """Return what the preflight asks of a person's consent.

        ``documents`` is the folder that holds what was signed: a document of that name there
        must have the digest on file. A scope names what it covers, parted by commas or
        semicolons. Raises CatalogueError when the document cannot be read.
        """
        consent = self.newest_consent(operator_id)
        if consent is None:
            return ConsentObservation(operator_id, on_file=False)
        scope = (part.strip() for part in re.split("[,;]", consent.scope))
        return ConsentObservation(
            operator_id,
            on_file=True,
            scope=tuple(part for part in scope if part),
            withdrawn=consent.withdrawn_ns is not None,
            document_matches=None if documents is None else _is_document(consent, documents),
        )

    def give_consent(
        self,
        operator_id: str,
        document: Path,
        scope: str,
        given_ns: int | None = None,
        actor: str = "administrator",
    ) -> Consent:
        """Put a signed document on file; ``given_ns`` is its date, else now.

        Raises CatalogueError when it cannot be read, or says no scope.
        """
        if not scope.strip():
            raise CatalogueError("say what the consent covers: its scope is empty")
        try:
            digest = digest_file(document)
        except OSError as error:
            raise CatalogueError(f"{document} cannot be read: {error.strerror}") from error
        with self._deciding() as session:
            operator_row(session, operator_id)
            now_ns = self._append(
                session,
                actor,
                "consent.give",
                f"operator:{operator_id}",
                payload={"document": document.name, "digest": digest, "scope": scope},
            )
            row = ConsentRow(
                operator_id=operator_id,
                document=document.name,
                digest=digest,
                scope=scope,
                given_ns=now_ns if given_ns is None else given_ns,
            )
            session.add(row)
            session.flush()
            return _consent(row)

    def withdraw_consent(self, operator_id: str, reason: str, actor: str = "administrator") -> int:
        """Withdraw a person's consent: none of their episodes so far is exported again.

        Holds for episodes that are registered later but were recorded before. Returns how
        many episodes were marked. A later consent covers later episodes only.
        """
        with self._deciding() as session:
            row = operator_row(session, operator_id)
            now_ns = self._append(
                session, actor, "consent.withdraw", f"operator:{operator_id}", reason
            )
            row.withdrawn_ns = now_ns
            session.execute(
                update(ConsentRow)
                .where(ConsentRow.operator_id == operator_id, ConsentRow.withdrawn_ns.is_(None))
                .values(withdrawn_ns=now_ns)
            )
            marked = session.scalars(
                update(EpisodeRow)
                .where(
                    EpisodeRow.operator_id == operator_id,
                    EpisodeRow.status.in_(("recorded", "released")),
                )
                .values(status="withdrawn")
                .returning(EpisodeRow.episode_id)
            )
            return len(marked.all())


def ensure_operator(session: Session, operator_id: str, created_ns: int) -> None:
    """Make a person known who is named by what was recorded: as an operator, without a PIN."""
    if session.get(OperatorRow, operator_id) is None:
        session.add(OperatorRow(operator_id=operator_id, role=OPERATOR, created_ns=created_ns))
        session.flush()


def operator_row(session: Session, operator_id: str) -> OperatorRow:
    """Return a person's row. Raises CatalogueError when there is none."""
    row = session.get(OperatorRow, operator_id)
    if row is None:
        raise CatalogueError(
            f"there is no operator {operator_id}: see `collector catalog operators list`"
        )
    return row


def require_supervisor(session: Session, operator_id: str, decision: str, reason: str) -> None:
    """Raise NotPermittedError unless a supervisor decides, CatalogueError without a reason."""
    row = session.get(OperatorRow, operator_id)
    if row is None or row.role != SUPERVISOR:
        raise NotPermittedError(
            f"only a supervisor can {decision}, {operator_id or 'nobody'} is none: have one sign in"
        )
    if not reason.strip():
        raise CatalogueError(f"say why: to {decision} needs a reason")


def consent_in_force(session: Session, operator_id: str) -> ConsentRow | None:
    """Return a person's newest consent that is not withdrawn."""
    return session.scalars(
        select(ConsentRow)
        .where(ConsentRow.operator_id == operator_id, ConsentRow.withdrawn_ns.is_(None))
        .order_by(ConsentRow.consent_id.desc())
        .limit(1)
    ).first()


def _is_document(consent: Consent, documents: Path) -> bool | None:
    """Whether the document is the one that was signed; None where it is not there."""
    document = documents / consent.document
    try:
        return digest_file(document) == consent.digest
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CatalogueError(f"{document} cannot be read: {error.strerror}") from error


def _consent(row: ConsentRow) -> Consent:
    return Consent(row.document, row.digest, row.scope, row.given_ns, row.withdrawn_ns)


def _operator(session: Session, operator_id: str) -> Operator:
    row = operator_row(session, operator_id)
    consent = consent_in_force(session, operator_id)
    return Operator(
        operator_id=row.operator_id,
        role=row.role,
        created_ns=row.created_ns,
        has_pin=row.pin_hash is not None,
        consent=None if consent is None else _consent(consent),
        withdrawn_ns=row.withdrawn_ns,
    )


def _wait_ns(failed_tries: int) -> int:
    if failed_tries < FREE_TRIES:
        return 0
    return min(FIRST_WAIT_NS << min(failed_tries - FREE_TRIES, 30), LONGEST_WAIT_NS)


def _duration(duration_ns: int) -> str:
    seconds = -(-duration_ns // NS_PER_S)
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} min"
