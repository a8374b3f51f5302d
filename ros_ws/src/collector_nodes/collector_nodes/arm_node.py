"""The arm: commands in, limited targets to the driver, state out."""

from __future__ import annotations

import sys
from typing import Any

from std_srvs.srv import Trigger

from collector.arm.controller import ArmController
from collector.arm.limits import ArmLimits
from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_S
from collector.devices.arm_driver import ArmError, ArmReading
from collector.health import HealthReport, StreamHealth
from collector.station.description import ArmDescription
from collector_interfaces.msg import ArmCommand, ArmState
from collector_nodes import qos
from collector_nodes.messages import from_arm_command, to_arm_state
from collector_nodes.ros_arm_driver import RosArmDriver
from collector_nodes.station_node import StationNode, run

CHECK_S = 0.05
STOOD_STILL_S = 2 * CHECK_S
# Two checks in a row without a reading: one may come at once after a late one.
SILENT_CHECKS = 2


def limits_of(arm: ArmDescription) -> ArmLimits:
    """Return the limits that the station description sets."""
    limits = arm.limits
    return ArmLimits(
        linear_m_s=limits.linear_m_s,
        angular_rad_s=limits.angular_rad_s,
        engage_m=limits.engage_m,
        engage_rad=limits.engage_rad,
        following_error_m=limits.following_error_m,
        watchdog_ns=limits.watchdog_ns,
        workspace_min=limits.workspace.min,
        workspace_max=limits.workspace.max,
    )


class ArmNode(StationNode):
    """``/arm/command`` -> driver and ``/arm/state``; services ``~/stop``, ``~/reset_stop``
    and ``~/anchor``, which takes the pose where the arm is for its target."""

    def __init__(self, **options: Any) -> None:
        super().__init__("arm", **options)
        self._controller = ArmController(limits_of(self.station.arm))
        self._states = self.create_publisher(ArmState, "/arm/state", qos.ARM_STATE)
        self.create_subscription(ArmCommand, "/arm/command", self._on_command, qos.ARM_COMMAND)
        self.create_service(Trigger, "~/stop", self._on_stop)
        self.create_service(Trigger, "~/reset_stop", self._on_reset_stop)
        self.create_service(Trigger, "~/anchor", self._on_anchor)
        self._driver = RosArmDriver(self, self.station.arm, self.station_clock, self._on_reading)
        self._driver.connect()
        self._health = StreamHealth("arm driver", self.station.arm.rate_hz)
        self._last: ArmSample | None = None
        self._checked_ns = self.station_clock.now_ns()
        self._heard = False  # a reading, since the last check
        self._silent_checks = 0
        self.create_timer(CHECK_S, self._check)

    def health(self) -> list[HealthReport]:
        report = self._health.report(self.station_clock.now_ns())
        if self._last is not None and self._last.fault:
            report = HealthReport(report.name, "error", self._last.fault, report.values)
        elif self._last is not None and self._last.status is ArmStatus.STOPPED:
            report = HealthReport(report.name, "warning", "The arm is stopped.", report.values)
        return [report]

    def close(self) -> None:
        self._driver.disconnect()

    def _on_command(self, message: ArmCommand) -> None:
        self._controller.on_command(from_arm_command(message), self.station_clock.now_ns())

    def _on_reading(self, reading: ArmReading) -> None:
        self._heard = True
        self._health.on_sample(reading.stamp_ns, self.station_clock.now_ns())
        try:
            sample = self._controller.on_reading(reading)
        except ArmError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        if sample.status not in (ArmStatus.STOPPED, ArmStatus.LOST):
            self._driver.send(sample.target_pose, sample.gripper_command)
        self._publish(sample)

    def _check(self) -> None:
        now_ns = self.station_clock.now_ns()
        late = now_ns - self._checked_ns > STOOD_STILL_S * NS_PER_S
        self._checked_ns = now_ns
        # A late check means that this node stood still, not the driver: its readings
        # wait to be taken.
        self._silent_checks = 0 if late or self._heard else self._silent_checks + 1
        self._heard = False
        if self._silent_checks < SILENT_CHECKS:
            return
        sample = self._controller.check(now_ns)
        if sample is not None:
            if self._last is None or self._last.status is not ArmStatus.LOST:
                self._driver.stop()
            self._publish(sample)

    def _publish(self, sample: ArmSample) -> None:
        if self._last is None or sample.status is not self._last.status:
            self.get_logger().info(sample.fault or sample.status.value)
        self._last = sample
        self._states.publish(to_arm_state(sample, self.station.arm.joints))

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._controller.stop()
        self._driver.stop()
        response.success, response.message = True, "stopped; reset the stop to go on"
        return response

    def _on_reset_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = self._controller.reset_stop()
        return response

    def _on_anchor(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._controller.status is ArmStatus.MOVING:
            response.message = "the arm is moving: release the dead-man first"
        else:
            self._controller.anchor()
            response.success, response.message = True, "the target is where the arm is"
        return response


def main() -> None:
    try:
        run(ArmNode)
    except ArmError as error:
        sys.exit(str(error))
