"""Decisions about episodes: registering, labelling, releasing, deleting."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from collector.catalogue.attempts import PHASES
from collector.catalogue.custody import canonical
from collector.catalogue.episode_list import EpisodeList
from collector.catalogue.errors import CatalogueError
from collector.catalogue.operators import (
    consent_in_force,
    ensure_operator,
    require_supervisor,
)
from collector.catalogue.sealed_facts import SealedFacts, read_facts
from collector.catalogue.sessions import FROM_EPISODES, ensure_station, ensure_task
from collector.catalogue.tables import AttemptRow, EpisodeRow, LabelRow, OperatorRow, SessionRow
from collector.clock import NS_PER_S
from collector.episode.goal import (
    FAILURE,
    INTERRUPTED,
    LABELS,
    RECORDING,
    SUCCESS,
    UNLABELLED,
)

SOURCES = ("operator", "predicate", "reviewer")
SEALED_LABELS = {1: SUCCESS, 0: FAILURE}


@dataclass(frozen=True)
class Registration:
    """What registering an episode changed."""

    episode_id: str
    change: str  # new | corrected | unchanged


class Episodes(EpisodeList):
    """Decisions about episodes."""

    def register_episode(self, path: Path, actor: str = "recorder") -> Registration:
        """Take the facts of a sealed folder into the catalogue; decisions stay as they are.

        Whoever and whatever the folder names becomes known. Digests every file. Raises
        CatalogueError when the folder is not as it was sealed, or an episode of that id is
        known with other contents.
        """
        facts, task_type = read_facts(path)
        return self.register_facts(facts, task_type, actor)

    def register_facts(self, facts: SealedFacts, task_type: str, actor: str) -> Registration:
        """As `register_episode`, of facts that were read already."""
        values = asdict(facts)
        with self._deciding() as session:
            row = session.get(EpisodeRow, facts.episode_id)
            if row is None:
                self._add(session, facts, task_type, actor)
                return Registration(facts.episode_id, "new")
            if row.digest != facts.digest:
                raise CatalogueError(
                    f"{facts.path} is not the episode {facts.episode_id} that is known: its seal "
                    f"is {facts.digest[:12]}, the catalogue's {row.digest[:12]}. Put the true "
                    "folder back, or move this one away"
                )
            changed = {name: v for name, v in values.items() if getattr(row, name) != v}
            if not changed:
                return Registration(facts.episode_id, "unchanged")
            self._ensure_named(session, facts, task_type)
            for name, value in changed.items():
                setattr(row, name, value)
            self._append(
                session,
                actor,
                "episode.correct",
                f"episode:{facts.episode_id}",
                "the sealed folder says so",
                changed,
            )
            return Registration(facts.episode_id, "corrected")

    def _add(self, session: Session, facts: SealedFacts, task_type: str, actor: str) -> None:
        self._ensure_named(session, facts, task_type)
        person = None if facts.operator_id is None else session.get(OperatorRow, facts.operator_id)
        withdrawn = (
            person is not None
            and person.withdrawn_ns is not None
            and (
                facts.created_ns <= person.withdrawn_ns
                or consent_in_force(session, person.operator_id) is None
            )
        )
        status = "withdrawn" if withdrawn else "recorded"
        row = EpisodeRow(**asdict(facts), status=status)
        session.add(row)
        session.flush()
        now_ns = self._append(
            session,
            actor,
            "episode.register",
            f"episode:{facts.episode_id}",
            payload={
                "digest": facts.digest,
                "operator": facts.operator_id,
                "status": status,
                "success": facts.success,
                "success_predicate": facts.success_predicate,
            },
        )
        for source, sealed, author in (
            ("operator", facts.success, facts.operator_id or "unknown"),
            ("predicate", facts.success_predicate, "simulator"),
        ):
            if sealed in SEALED_LABELS:
                _add_label(session, row, source, SEALED_LABELS[sealed], author, "as sealed", now_ns)
        self._ensure_attempt(session, facts)

    def _ensure_named(self, session: Session, facts: SealedFacts, task_type: str) -> None:
        """Make known whom and what the folder names."""
        created_ns = facts.created_ns
        ensure_station(session, facts.station_id, created_ns)
        ensure_task(session, facts.task_id, task_type, created_ns)
        if facts.operator_id:
            ensure_operator(session, facts.operator_id, created_ns)
        if not facts.session_id:
            return
        ended_ns = created_ns + round(facts.duration_s * NS_PER_S)
        sitting = session.get(SessionRow, facts.session_id)
        if sitting is None:
            session.add(
                SessionRow(
                    session_id=facts.session_id,
                    operator_id=facts.operator_id,
                    station_id=facts.station_id,
                    state=FROM_EPISODES,
                    detail=canonical({}),
                    began_ns=created_ns,
                    ended_ns=ended_ns,
                )
            )
            session.flush()
        elif sitting.state == FROM_EPISODES:
            sitting.began_ns = min(sitting.began_ns, created_ns)
            sitting.ended_ns = max(sitting.ended_ns or 0, ended_ns)

    def _ensure_attempt(self, session: Session, facts: SealedFacts) -> None:
        """Tie the episode to its attempt; make one where the session's word was lost."""
        if facts.phase not in PHASES:
            return
        known = session.scalars(
            select(AttemptRow).where(AttemptRow.episode_id == facts.episode_id).limit(1)
        ).first()
        if known is not None:
            self._label_as_attempted(session, known)
            return
        lost = None
        if facts.session_id is not None:
            lost = session.scalars(
                select(AttemptRow)
                .where(
                    AttemptRow.session_id == facts.session_id,
                    AttemptRow.task_id == facts.task_id,
                    AttemptRow.episode_id.is_(None),
                    # An episode says its beginning to the microsecond, rounded down.
                    AttemptRow.began_ns < facts.created_ns + 1000,
                    or_(AttemptRow.ended_ns.is_(None), AttemptRow.ended_ns >= facts.created_ns),
                )
                .order_by(AttemptRow.attempt_id.desc())
                .limit(1)
            ).first()
        if lost is not None:
            lost.episode_id = facts.episode_id
            self._label_as_attempted(session, lost)
            return
        session.add(
            AttemptRow(
                session_id=facts.session_id,
                operator_id=facts.operator_id,
                station_id=facts.station_id,
                task_id=facts.task_id,
                phase=facts.phase,
                outcome=facts.outcome,
                episode_id=facts.episode_id,
                detail=canonical({}),
                began_ns=facts.created_ns,
                ended_ns=facts.created_ns + round(facts.duration_s * NS_PER_S),
            )
        )

    def _label_as_attempted(self, session: Session, attempt: AttemptRow) -> None:
        """Give the episode of an attempt the operator's label that the attempt has now."""
        row = session.get(EpisodeRow, attempt.episode_id) if attempt.episode_id else None
        if row is None or row.status == "deleted" or attempt.outcome in (RECORDING, INTERRUPTED):
            return
        value = attempt.outcome if attempt.outcome in (SUCCESS, FAILURE) else UNLABELLED
        if (row.label_operator or UNLABELLED) == value:
            return
        author = attempt.operator_id or "unknown"
        reason = f"the attempt is marked {attempt.outcome}"
        now_ns = self._append(
            session,
            author,
            "episode.label",
            f"episode:{row.episode_id}",
            reason,
            {"source": "operator", "value": value},
        )
        _add_label(session, row, "operator", value, author, reason, now_ns)

    def label(
        self, episode_id: str, source: str, value: str, author: str, reason: str = ""
    ) -> None:
        """Add a verdict: the newest of its source counts, none is ever changed.

        Raises CatalogueError when the operator's label is not by the episode's operator, and
        NotPermittedError when the reviewer's is not by a supervisor.
        """
        if source not in SOURCES:
            raise CatalogueError(f"nobody labels as {source!r}: choose from {', '.join(SOURCES)}")
        if value not in LABELS:
            raise CatalogueError(f"there is no label {value!r}: choose from {', '.join(LABELS)}")
        with self._deciding() as session:
            row = _present_row(session, episode_id)
            if source == "reviewer":
                require_supervisor(session, author, "review an episode", reason or "a review")
            if source == "operator" and author != row.operator_id:
                raise CatalogueError(
                    f"the operator's label of {episode_id} is {row.operator_id}'s to give: "
                    "label it as a reviewer"
                )
            now_ns = self._append(
                session,
                author,
                "episode.label",
                f"episode:{episode_id}",
                reason,
                {"source": source, "value": value},
            )
            _add_label(session, row, source, value, author, reason, now_ns)

    def release_episode(self, episode_id: str, supervisor_id: str, reason: str) -> None:
        """Let exports take an episode.

        Raises NotPermittedError but for a supervisor; CatalogueError for practice, for what
        no operator ended, and where consent is missing or withdrawn.
        """
        with self._deciding() as session:
            require_supervisor(session, supervisor_id, "release an episode", reason)
            row = _present_row(session, episode_id)
            if row.status == "withdrawn":
                raise CatalogueError(
                    f"{episode_id} stays here: {row.operator_id} has withdrawn consent"
                )
            if row.phase != "collection":
                raise CatalogueError(f"{episode_id} is {row.phase}: only collection is released")
            outcome = _outcome_now(session, row)
            if outcome not in LABELS:
                raise CatalogueError(f"{episode_id} was {outcome}: it cannot be released")
            if row.operator_id is None or consent_in_force(session, row.operator_id) is None:
                raise CatalogueError(
                    f"{episode_id} cannot be released: {row.operator_id or 'nobody'} "
                    "has no consent on file"
                )
            row.status = "released"
            self._append(session, supervisor_id, "episode.release", f"episode:{episode_id}", reason)

    def delete_episode(self, episode_id: str, supervisor_id: str, reason: str) -> None:
        """Take an episode out of use for good; its folder is left for the caller to remove.

        Rebuilding does not bring it back. Raises NotPermittedError but for a supervisor.
        """
        with self._deciding() as session:
            require_supervisor(session, supervisor_id, "delete an episode", reason)
            row = _present_row(session, episode_id)
            row.status = "deleted"
            self._append(session, supervisor_id, "episode.delete", f"episode:{episode_id}", reason)


def _outcome_now(session: Session, row: EpisodeRow) -> str:
    """Return how the episode's attempt ended, as marked since: a discard may be undone."""
    if row.outcome == INTERRUPTED:
        return row.outcome
    marked = session.scalars(
        select(AttemptRow.outcome)
        .where(AttemptRow.episode_id == row.episode_id)
        .order_by(AttemptRow.attempt_id.desc())
        .limit(1)
    ).first()
    return row.outcome if marked is None else marked


def _present_row(session: Session, episode_id: str) -> EpisodeRow:
    row = session.get(EpisodeRow, episode_id)
    if row is None:
        raise CatalogueError(
            f"the catalogue knows no episode {episode_id}: `collector catalog rebuild`"
        )
    if row.status == "deleted":
        raise CatalogueError(f"{episode_id} has been deleted")
    return row


def _add_label(
    session: Session,
    row: EpisodeRow,
    source: str,
    value: str,
    author: str,
    reason: str,
    stamp_ns: int,
) -> None:
    session.add(
        LabelRow(
            episode_id=row.episode_id,
            source=source,
            value=value,
            author=author,
            reason=reason,
            stamp_ns=stamp_ns,
        )
    )
    setattr(row, f"label_{source}", value)
