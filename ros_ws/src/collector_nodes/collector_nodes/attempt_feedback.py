"""How an attempt goes and went: live numbers, and a card with the one thing to improve."""

from __future__ import annotations

import json

from collector.clock import NS_PER_S
from collector.feedback.advice import advice, live_advice
from collector.feedback.measures import AttemptMeasurement, Best, Measures
from collector.workflow.history import INTERRUPTED, AttemptMark
from collector_interfaces.msg import ArmState, Step
from collector_interfaces.msg import AttemptFeedback as AttemptFeedbackMsg
from collector_nodes import qos
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_arm_state, from_step
from collector_nodes.station_node import StationNode

# How many samples wait for the next step: a stream that is lost for a second ends the attempt.
KEPT_S = 3.0


class AttemptFeedback:
    """Measures the attempt that is recorded: ``~/feedback`` each step, ``~/card`` at its end."""

    def __init__(self, node: StationNode) -> None:
        self._node = node
        self._feedback = node.create_publisher(AttemptFeedbackMsg, "~/feedback", 10)
        self._card = node.create_publisher(AttemptFeedbackMsg, "~/card", qos.LATCHED)
        kept = round(node.station.arm.rate_hz * KEPT_S)
        self._samples: Inbox[ArmState] = Inbox(
            node, ArmState, "/arm/state", qos.ARM_STATE, kept, node.station_clock
        )
        node.create_subscription(Step, "/synchronizer/step", self._on_step, qos.STEPS)
        self._measurement: AttemptMeasurement | None = None
        self._mark: AttemptMark | None = None
        self._best = Best()
        self._measures: Measures | None = None  # of the last attempt, once it has ended

    def begin(self, mark: AttemptMark, best: Best) -> None:
        """Measure an attempt from ``mark.started_ns`` on; ``best``: see `best_of_stored`."""
        self._samples.take()  # of before
        self._measurement = AttemptMeasurement(self._node.station.period_ns)
        self._mark, self._best, self._measures = mark, best, None

    def end(self, mark: AttemptMark) -> Measures | None:
        """Send the card of the attempt and return its measures.

        Call it again when its outcome changes, as when it gets its label: the card is sent
        again. None, and no card, for an attempt that was not measured here, as when the node
        was started again within it.
        """
        if self._mark is None or mark.attempt_id != self._mark.attempt_id:
            return None
        if self._measurement is not None:
            self._take_samples(self._measurement)
            self._measures = self._measurement.measures()
            self._measurement = None
        assert self._measures is not None
        self._mark = mark
        ended_ns = mark.ended_ns or self._node.station_clock.now_ns()
        # Of what broke off, pauses and ways say nothing of the operator.
        to_improve = "" if mark.outcome == INTERRUPTED else advice(self._measures, self._best)
        self._card.publish(self._message(mark, self._measures, ended_ns, to_improve))
        return self._measures

    def _on_step(self, message: Step) -> None:
        mark, measurement = self._mark, self._measurement
        if mark is None or measurement is None or message.stamp_ns < mark.started_ns:
            return
        try:
            step = from_step(message)
        except ValueError as error:
            self._node.get_logger().error(f"step: {error}", throttle_duration_sec=5.0)
            return
        self._take_samples(measurement)
        measurement.on_step(step)
        live = measurement.live()
        now_ns = self._node.station_clock.now_ns()
        self._feedback.publish(self._message(mark, live, now_ns, live_advice(live, self._best)))

    def _take_samples(self, measurement: AttemptMeasurement) -> None:
        for message, _ in self._samples.take():
            try:
                measurement.on_sample(from_arm_state(message))
            except ValueError as error:
                self._node.get_logger().error(f"arm: {error}", throttle_duration_sec=5.0)

    def _message(
        self, mark: AttemptMark, measures: Measures, until_ns: int, to_improve: str
    ) -> AttemptFeedbackMsg:
        return AttemptFeedbackMsg(
            attempt_id=mark.attempt_id,
            task_id=mark.task_id,
            phase=mark.phase,
            outcome=mark.outcome,
            elapsed_s=max(until_ns - mark.started_ns, 0) / NS_PER_S,
            measures_json=json.dumps(measures.as_dict()),
            best_json=json.dumps(self._best.as_dict()),
            advice=to_improve,
        )
