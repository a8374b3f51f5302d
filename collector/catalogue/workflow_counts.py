"""How much was recorded of each task, and where it began: counted once, then kept up."""

from __future__ import annotations

from dataclasses import dataclass

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.workflow_marks import Cells
from collector.workflow.history import AttemptMark


@dataclass
class WorkflowCounts:
    """Counts over all sessions and stations, as of one length of the chain of custody."""

    length: int
    counted_ns: int
    collected: dict[str, int]  # task -> demonstrations
    cells: dict[str, Cells]  # task -> object -> cell -> attempts that began there

    @classmethod
    def read(cls, catalogue: Catalogue) -> WorkflowCounts:
        """Count in the catalogue. Raises CatalogueUnreachable."""
        with catalogue.snapshot():
            return cls(
                length=catalogue.chain_length(),
                counted_ns=catalogue.clock.now_ns(),
                collected=catalogue.collected_counts(),
                cells=catalogue.cell_counts(),
            )

    def take(self, mark: AttemptMark, before: AttemptMark | None) -> None:
        """Count an attempt, which was ``before`` until now (None: it is new)."""
        more = mark.is_demonstration - (before is not None and before.is_demonstration)
        self.collected[mark.task_id] = self.collected.get(mark.task_id, 0) + more
        if before is None:
            for name, cell in mark.cells.items():
                cells = self.cells.setdefault(mark.task_id, {}).setdefault(name, {})
                cells[cell] = cells.get(cell, 0) + 1
