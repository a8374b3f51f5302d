"""The session: who works, on what, in which state. Outlives every console."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Joy

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.catalogue.errors import CatalogueError
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S
from collector.feedback.measures import best_of_stored
from collector.health import HealthReport
from collector.preflight.result import PreflightReport
from collector.station.description import Station
from collector.tasks.library import TaskLibrary, TaskLibraryError, load_library
from collector.workflow.buttons import Buttons
from collector.workflow.commands import Command
from collector.workflow.conductor import Conductor, Ended
from collector.workflow.history import RECORDING, AttemptMark
from collector.workflow.interleaving import Interleaver, InterleavingPolicy
from collector.workflow.journal import Entry, FileJournal, JournalError
from collector.workflow.layout_coverage import DrawLayout
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.requests import Request, RequestDesk
from collector.workflow.session import WorkflowSession
from collector.workflow.state_machine import Event, RequestRefused, State
from collector.workflow.status import SessionStatus
from collector_interfaces.msg import SessionState
from collector_interfaces.srv import SessionRequest
from collector_nodes import qos
from collector_nodes.attempt_feedback import AttemptFeedback
from collector_nodes.recording_client import RecordingClient
from collector_nodes.simulated_scene import SimulatedScene
from collector_nodes.station_node import StartError, StationNode, run
from collector_nodes.station_watch import StationWatch

TICK_S = 0.05
LOOK_S = 1.0
WAIT_S = 0.5  # for a database that is locked: the session answers meanwhile
# Looked at between attempts; a trouble that lasts is a fault.
WATCHED = ("arm.reachable", "disk")
FAULT_AFTER_LOOKS = 4
LOOKS_FOR_SEALED = 60  # a recorder that died recovers what it left when it is back
RESTING = (State.RESETTING, State.ARMED, State.PRACTICE, State.COLLECTING)
_LEVELS = {"ok": "ok", "warning": "warning", "refused": "refusal"}


class SessionNode(StationNode):
    """Service ``~/request``; publishes ``~/state``, latched, and ``~/feedback``, ``~/card``.

    The journal in the data folder brings a killed session back; the catalogue remembers
    everyone and everything over all sessions and stations.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("session", **options)
        station = self.station
        self._simulated = station.arm.backend == "simulated"
        self._library = _library(station, self._simulated)
        self._catalogue = _catalogue(self)
        self._history = CatalogueHistory(self._catalogue, station.station_id, self._library)
        self._watch = StationWatch(self)
        self._feedback = AttemptFeedback(self)
        self._recording = RecordingClient(self)
        self._scene = SimulatedScene(self) if self._simulated else None
        self._states = self.create_publisher(SessionState, "~/state", qos.LATCHED)
        self._measured: dict[str, Mapping[str, float | int | None]] = {}  # the last attempt's
        self._session, journal = self._begin_session()
        self._history.follow(self._session, journal)
        self._conductor = Conductor(
            self._session,
            self._library,
            self._recording,
            self._scene,
            self.station_clock,
            round(station.workflow.countdown_s * NS_PER_S),
            self._on_sealed,
            lambda attempt_id: self._measured.get(attempt_id, {}),
        )
        # After the conductor: what is published knows of its countdown.
        self._session.listen(self._on_entry)
        self._desk = RequestDesk(
            self._session, self._authenticate, scene_by_hand=not self._simulated
        )
        self._troubled_looks = 0
        self._looks: dict[str, int] = {}  # for what an attempt left, by attempt
        # Digesting what was sealed takes its time: requests are answered meanwhile.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="catalogue")
        self._work: list[Future[None]] = []
        self.create_service(SessionRequest, "~/request", self._on_request)
        self._hear_buttons()
        self.create_timer(TICK_S, self._tick)
        self.create_timer(LOOK_S, self._look)
        self._publish()

    def health(self) -> list[HealthReport]:
        trouble = self._history.problem or self._conductor.scene_trouble
        level, message = ("warning", trouble) if trouble else ("ok", "Ready.")
        session = HealthReport("session", level, message, {})  # type: ignore[arg-type]
        return [session, *self._watch.health()]

    def close(self) -> None:
        self._worker.shutdown(wait=True)
        self._history.flush()
        self._catalogue.close()

    def _begin_session(self) -> tuple[WorkflowSession, FileJournal]:
        station = self.station
        try:
            journal = FileJournal(station.data / "session" / f"{station.station_id}.jsonl")
            # The same seed and the same past: the same order.
            rng = np.random.default_rng([station.workflow.seed, len(journal.entries())])
        except JournalError as error:
            raise StartError(str(error)) from error
        policy = InterleavingPolicy.of_station(station)
        progress = Progress(
            station.station_id,
            self._library,
            station.operator_policy,
            self._history,
            Interleaver(self._library.tasks, rng, policy),
            station.workflow.seed,
            _simulated_layouts() if self._simulated else None,
        )
        try:
            session = WorkflowSession(
                station.station_id,
                self._library,
                self._history,
                progress,
                journal,
                self.station_clock,
            )
            return session, journal
        except (JournalError, RequestRefused) as error:
            # Without its memory the session cannot tell what is open: it is tried again.
            raise StartError(str(error)) from error

    # What it is asked

    def _on_request(
        self, asked: SessionRequest.Request, response: SessionRequest.Response
    ) -> SessionRequest.Response:
        source = asked.source or "unknown"
        try:
            if asked.request == "check":
                self._session.may(Event.PREFLIGHT_PASSED)
                self._check(always=True)
                response.event = "check"
            else:
                request = Request(
                    request=asked.request,
                    who=asked.who,
                    pin=asked.pin,
                    operator_id=asked.operator_id,
                    task_id=asked.task_id,
                    attempt_id=asked.attempt_id,
                    value=asked.value,
                    reason=asked.reason,
                )
                response.event = self._desk.answer(request).value
            response.ok = True
            self.get_logger().info(f"{source} asked for {asked.request}: {response.event}")
        except (RequestRefused, JournalError, CatalogueError) as error:
            response.message = str(error)
            self.get_logger().info(f"{source} was refused {asked.request}: {error}")
        self._conductor.tick()
        return response

    def _hear_buttons(self) -> None:
        wanted = self.station.teleop.buttons
        if wanted is None:
            return
        buttons = Buttons({number: Command(name) for number, name in wanted.commands.items()})

        def on_joy(message: Joy) -> None:
            for command in buttons.on_state(message.buttons, self.station_clock.now_ns()):
                asked = SessionRequest.Request(request=command.value, source="device")
                self._on_request(asked, SessionRequest.Response())

        self.create_subscription(Joy, wanted.topic, on_joy, qos_profile_sensor_data)

    def _authenticate(self, who: str, pin: str) -> None:
        try:
            self._catalogue.sign_in(who, pin)
        except CatalogueError as error:
            raise RequestRefused(str(error)) from error

    # What happens by itself

    def _tick(self) -> None:
        self._recording.watch()
        if self._scene is not None:
            self._scene.watch()
        try:
            self._conductor.tick()
        except JournalError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _look(self) -> None:
        self._history.flush()
        self._work = [work for work in self._work if not _is_done(work, self)]
        try:
            if self._session.state is State.PREFLIGHT:
                self._check()
            elif self._session.state in RESTING:
                self._look_for_faults()
            self._find_sealed()
        except (RequestRefused, JournalError, CatalogueError) as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _check(self, always: bool = False) -> None:
        """Check the station; told again only where something has changed."""
        report = self._preflight()
        items = tuple(
            PreflightItem(name=r.name, level=_LEVELS[r.level], sentence=r.sentence)  # type: ignore[arg-type]
            for r in report.results
        )
        before = [(item.name, item.level) for item in self._session.memory.preflight]
        if always or report.passed or before != [(item.name, item.level) for item in items]:
            self._session.preflight(items)

    def _preflight(self) -> PreflightReport:
        operator_id = self._session.memory.operator_id
        return self._watch.preflight(self._history.consent_observation(operator_id))

    def _look_for_faults(self) -> None:
        refusals = [
            result
            for result in self._preflight().refusals
            if result.name in WATCHED or result.name.endswith((".stream", ".place"))
        ]
        self._troubled_looks = self._troubled_looks + 1 if refusals else 0
        if self._troubled_looks >= FAULT_AFTER_LOOKS:
            self._troubled_looks = 0
            self._session.faulted(refusals[0].sentence)

    # What the session tells

    def _on_entry(self, entry: Entry) -> None:
        by = f"{entry.who}: {entry.why}" if entry.why else entry.who
        self.get_logger().info(
            f"{entry.start.value} -> {entry.end.value}, {entry.event.value} ({by})"
        )
        for mark in entry.changes.get("marks", {}).values():
            self._measure(mark)
        self._publish()

    def _measure(self, mark: AttemptMark) -> None:
        if mark.outcome == RECORDING:
            before = self._history.marks(mark.operator_id, mark.task_id)
            best = best_of_stored(m.measures for m in before if m.succeeded)
            self._feedback.begin(mark, best)
            return
        measures = self._feedback.end(mark)
        if measures is not None:
            self._measured = {mark.attempt_id: measures.as_dict()}

    def _publish(self) -> None:
        ends_ns = self._conductor.countdown_ends_ns
        try:
            status = self._session.status(self._simulated, ends_ns)
        except RequestRefused as error:  # the catalogue cannot be read now
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        self._states.publish(_message(status, self.station_clock.now_ns()))

    # What the recorder has sealed

    def _on_sealed(self, attempt_id: str, ended: Ended) -> None:
        path = Path(ended.path)
        self._work.append(
            self._worker.submit(lambda: self._history.register_sealed(path, attempt_id))
        )

    def _find_sealed(self) -> None:
        """Find what was sealed while nobody listened: by a recorder that came back, say."""
        memory = self._session.memory
        for mark in (*memory.unsealed.values(), *memory.marks.values()):
            looks = self._looks.get(mark.attempt_id, 0)
            if mark.episode_id or mark.attempt_id == memory.attempt_id or looks >= LOOKS_FOR_SEALED:
                continue
            if mark.attempt_id == memory.sealing:
                continue
            self._looks[mark.attempt_id] = looks + 1
            path = self._history.find_sealed(self.station.data, mark)
            if path is not None:
                self._session.sealed(mark.attempt_id, path.name)
                self._on_sealed(mark.attempt_id, Ended(mark.outcome, path.name, str(path)))


def _is_done(work: Future[None], node: StationNode) -> bool:
    if not work.done():
        return False
    error = work.exception()
    if error is not None:
        node.get_logger().error(f"an episode could not be registered: {error}")
    return True


def _library(station: Station, simulated: bool) -> TaskLibrary:
    predicates = None
    if simulated:
        from collector.simulation.tasks import TASKS

        predicates = tuple(TASKS)
    try:
        return load_library(station.tasks, predicates)
    except TaskLibraryError as error:
        raise StartError(str(error)) from error


def _simulated_layouts() -> DrawLayout:
    from collector.simulation.layout import draw_layout

    return draw_layout


def _catalogue(node: StationNode) -> Catalogue:
    where = node.station.workflow.catalogue or catalogue_file(node.station.data)
    try:
        return Catalogue.open(where, node.station_clock, random.SystemRandom(), wait_s=WAIT_S)
    except CatalogueError as error:
        raise StartError(str(error)) from error


def _message(status: SessionStatus, now_ns: int) -> SessionState:
    choice = status.choice
    return SessionState(
        stamp_ns=now_ns,
        state=status.state.value,
        since_ns=status.since_ns,
        permitted=[event.value for event in status.permitted],
        operator_id=status.operator_id,
        session_id=status.session_id,
        task_id=choice.task_id if choice is not None else "",
        phase=choice.phase if choice is not None else "",
        instruction=status.instruction,
        sentence=status.trouble or status.next_action,
        countdown_ends_ns=status.countdown_ends_ns,
        status_json=status.model_dump_json(),
    )


def main() -> None:
    run(SessionNode)


if __name__ == "__main__":
    main()
