"""One attempt as reports see it: plain, and with nobody's name in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from collector.clock import NS_PER_S
from collector.episode.goal import DISCARDED, FAILURE, SUCCESS


@dataclass(frozen=True)
class AttemptRecord:
    """One ended attempt. Times are ns on the station clock."""

    operator_id: str  # pseudonym
    station_id: str
    session_id: str
    task_id: str
    task_type: str
    phase: str  # practice | collection
    outcome: str  # success | failure | unlabelled | discarded | interrupted
    began_ns: int
    ended_ns: int
    contradicted: bool = False  # the simulator or a reviewer says that it failed
    usable: bool = True  # its episode is neither withdrawn nor deleted

    @property
    def counts(self) -> bool:
        """True for an attempt that says something of success: a labelled one."""
        return self.outcome in (SUCCESS, FAILURE)

    @property
    def succeeded(self) -> bool:
        """True for a success that nobody contradicts: what the gate counts as one."""
        return self.outcome == SUCCESS and not self.contradicted

    @property
    def disputed(self) -> bool:
        """True where the operator's label says success, and the simulator or a reviewer not."""
        return self.outcome == SUCCESS and self.contradicted

    @property
    def discarded(self) -> bool:
        """True where the operator threw it away."""
        return self.outcome == DISCARDED

    @property
    def is_demonstration(self) -> bool:
        """True for what the campaign is for: a collected success that can be used."""
        return self.phase == "collection" and self.succeeded and self.usable

    def day(self, zone: tzinfo) -> str:
        """Return the day it began, ISO 8601, in a time zone."""
        return datetime.fromtimestamp(self.began_ns // NS_PER_S, tz=zone).strftime("%Y-%m-%d")
