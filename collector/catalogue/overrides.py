"""Supervisors' words on the gate: a task is open or closed for an operator, or the gate decides.

The newest word on an operator and a task counts. Words are only ever added.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.custody import plain_text
from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.operators import ensure_operator, operator_row, require_supervisor
from collector.catalogue.sessions import ensure_task
from collector.catalogue.tables import OverrideRow


@dataclass(frozen=True)
class Override:
    """A supervisor's word on the gate."""

    override_id: int
    operator_id: str
    task_id: str
    supervisor_id: str
    reason: str
    given_ns: int
    opens: bool | None  # True: open, False: closed, None: the gate decides again


class Overrides(Ledger):
    """Decisions about the gate."""

    def override_gate(
        self,
        operator_id: str,
        task_id: str,
        task_type: str,
        supervisor_id: str,
        reason: str,
        opens: bool = True,
    ) -> Override:
        """Open or close a task for an operator. Raises NotPermittedError but for a supervisor."""
        with self._deciding() as session:
            require_supervisor(session, supervisor_id, "override the gate", reason)
            operator_row(session, operator_id)
            now_ns = self._clock.now_ns()
            ensure_task(session, task_id, task_type, now_ns)
            row = self._add_word(
                session, operator_id, task_id, supervisor_id, reason, now_ns, opens
            )
            return _override(row)

    def write_override(
        self,
        operator_id: str,
        task_id: str,
        task_type: str,
        supervisor_id: str,
        reason: str,
        given_ns: int,
        opens: bool | None,
    ) -> None:
        """Write down a word that the workflow has taken already; nothing where it is known.

        An older word than the newest stays without effect.
        """
        with self._deciding() as session:
            known = session.scalar(
                select(OverrideRow.override_id).where(
                    OverrideRow.operator_id == operator_id,
                    OverrideRow.task_id == task_id,
                    OverrideRow.supervisor_id == supervisor_id,
                    OverrideRow.given_ns == given_ns,
                )
            )
            if known is not None:
                return
            for person in (operator_id, supervisor_id):
                ensure_operator(session, person, given_ns)
            ensure_task(session, task_id, task_type, given_ns)
            said = plain_text(reason)
            self._add_word(session, operator_id, task_id, supervisor_id, said, given_ns, opens)

    def _add_word(
        self,
        session: Session,
        operator_id: str,
        task_id: str,
        supervisor_id: str,
        reason: str,
        given_ns: int,
        opens: bool | None,
    ) -> OverrideRow:
        later = None
        for word in session.scalars(
            select(OverrideRow)
            .where(OverrideRow.operator_id == operator_id, OverrideRow.task_id == task_id)
            .order_by(OverrideRow.given_ns)
        ):
            if word.given_ns > given_ns:
                later = word.given_ns if later is None else later
            elif word.ended_ns is None:
                word.ended_ns = given_ns
        self._append(
            session,
            supervisor_id,
            "gate.override",
            f"operator:{operator_id}",
            reason,
            {"task": task_id, "opens": opens, "given_ns": given_ns},
        )
        row = OverrideRow(
            operator_id=operator_id,
            task_id=task_id,
            supervisor_id=supervisor_id,
            reason=reason,
            given_ns=given_ns,
            ended_ns=given_ns if opens is None else later,
            opens=opens,
        )
        session.add(row)
        session.flush()
        return row

    def end_override(self, override_id: int, supervisor_id: str, reason: str) -> None:
        """Leave the task to the gate again. Raises NotPermittedError but for a supervisor."""
        with self._deciding() as session:
            require_supervisor(session, supervisor_id, "end an override", reason)
            row = session.get(OverrideRow, override_id)
            if row is None or row.ended_ns is not None:
                raise CatalogueError(f"there is no override {override_id} in force")
            row.ended_ns = self._append(
                session,
                supervisor_id,
                "gate.end-override",
                f"operator:{row.operator_id}",
                reason,
                {"task": row.task_id},
            )

    def overrides(self, operator_id: str, task_id: str | None = None) -> list[Override]:
        """Return the overrides in force for an operator, at one task or all, oldest first."""
        query = (
            select(OverrideRow)
            .where(OverrideRow.operator_id == operator_id, OverrideRow.ended_ns.is_(None))
            .order_by(OverrideRow.given_ns, OverrideRow.override_id)
        )
        if task_id is not None:
            query = query.where(OverrideRow.task_id == task_id)
        with self._reading() as session:
            return [_override(row) for row in session.scalars(query)]


def _override(row: OverrideRow) -> Override:
    return Override(
        override_id=row.override_id,
        operator_id=row.operator_id,
        task_id=row.task_id,
        supervisor_id=row.supervisor_id,
        reason=row.reason,
        given_ns=row.given_ns,
        opens=row.opens,
    )
