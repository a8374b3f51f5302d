"""Hand-made cameras and arm in, steps out, over real topics."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hand_made_streams import HandMadeStreams, sample
from ros_graph import Graph, Heard

from collector.clock import NS_PER_MS
from collector.synchronization.step import Step as PlainStep
from collector.training_view import training_image
from collector_interfaces.msg import Step
from collector_nodes import qos
from collector_nodes.messages import from_step, to_arm_state, to_image
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros

PERIOD_NS = 200 * NS_PER_MS


@pytest.fixture
def streams(graph: Graph) -> HandMadeStreams:
    graph.add(SynchronizerNode)
    streams = HandMadeStreams(graph)
    streams.heard_by("synchronizer")
    return streams


@pytest.fixture
def steps(graph: Graph, streams: HandMadeStreams) -> Heard[Step]:
    heard = graph.hear(Step, "/synchronizer/step", qos.STEPS)
    streams.wait(lambda: heard.messages and not heard.last.is_gap, "no whole step is made")
    return heard


def plain(heard: Heard[Step], begin: int = 0) -> list[PlainStep]:
    return [from_step(message) for message in heard.messages[begin:]]


def check_grid(steps: list[PlainStep]) -> None:
    for step in steps:
        assert step.period_ns == PERIOD_NS
        assert step.grid_start_ns % PERIOD_NS == 0
        assert step.stamp_ns == step.grid_start_ns + step.index * PERIOD_NS
    assert [s.index for s in steps] == list(range(steps[0].index, steps[0].index + len(steps)))


def test_steps_lie_on_the_exact_grid_and_are_whole(
    graph: Graph, streams: HandMadeStreams, steps: Heard[Step]
) -> None:
    begin = len(steps)
    streams.wait(lambda: len(steps) >= begin + 6, "the steps stop")
    made = plain(steps)
    check_grid(made)
    for step in made[begin:]:
        assert not step.is_gap, step.gap_reasons
        assert [camera.name for camera in step.cameras] == ["static", "wrist"]
        for camera in step.cameras:
            assert camera.image is not None
            assert camera.image.shape == (224, 224, 3)
            assert camera.image.dtype == np.uint8
            assert camera.skew_ns == camera.stamp_ns - step.stamp_ns
            assert abs(camera.skew_ns) <= 50 * NS_PER_MS
        assert step.arm is not None
        exact = sample(step.stamp_ns)
        np.testing.assert_allclose(step.arm.ee_pose[:3], exact.ee_pose[:3], atol=1e-6)
        np.testing.assert_allclose(step.arm.joint_positions, exact.joint_positions, atol=1e-4)


def test_the_training_image_is_the_native_image_s_training_view(
    graph: Graph, streams: HandMadeStreams, steps: Heard[Step]
) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, 32:] = (10, 200, 30)
    streams.on["static"] = False
    begin = len(steps)
    sent: list[int] = []

    def sending() -> bool:
        now_ns = time.time_ns()
        if not sent or now_ns - sent[-1] > 100 * NS_PER_MS:
            sent.append(now_ns)
            streams.images["static"].publish(to_image(image, now_ns, "static_optical"))
        return any(
            m.cameras[0].present and m.cameras[0].stamp_ns in sent for m in steps.messages[begin:]
        )

    streams.wait(sending, "the picture is in no step")
    (shown, *_) = [s.cameras[0].image for s in plain(steps, begin) if s.cameras[0].stamp_ns in sent]
    np.testing.assert_array_equal(shown, training_image(image))


@pytest.mark.parametrize("lost", ["wrist", "arm"])
def test_a_stream_that_stops_makes_gaps_and_its_return_ends_them(
    graph: Graph, streams: HandMadeStreams, steps: Heard[Step], lost: str
) -> None:
    streams.on[lost] = False
    begin = len(steps)
    streams.wait(lambda: sum(m.is_gap for m in steps.messages[begin:]) >= 3, "nothing is missing")
    gap = plain(steps)[-1]
    assert any(lost in reason for reason in gap.gap_reasons)
    assert [c.image is None for c in gap.cameras] == [False, lost == "wrist"]
    assert (gap.arm is None) == (lost == "arm")
    streams.on[lost] = True
    begin = len(steps)
    streams.wait(
        lambda: [m.is_gap for m in steps.messages[begin:]][-3:] == [False] * 3,
        "it does not recover",
    )
    check_grid(plain(steps))  # the grid goes on whatever the streams do


def test_messages_that_are_wrong_cost_nothing_but_themselves(
    graph: Graph, streams: HandMadeStreams, steps: Heard[Step]
) -> None:
    wrong = to_image(np.zeros((48, 64, 3), np.uint8), time.time_ns(), "static_optical")
    wrong.encoding = "bgr8"
    streams.images["static"].publish(wrong)
    short = to_image(np.zeros((48, 64, 3), np.uint8), time.time_ns(), "static_optical")
    short.height = 4000
    streams.images["static"].publish(short)
    odd = to_arm_state(sample(time.time_ns()), [])
    odd.state = "dancing"
    streams.arm.publish(odd)
    short_arm = to_arm_state(sample(time.time_ns(), joint_positions=np.zeros(2)), [])
    streams.arm.publish(short_arm)
    begin = len(steps)
    streams.wait(
        lambda: [m.is_gap for m in steps.messages[begin:]][-3:] == [False] * 3,
        "no whole step any more",
    )


def test_health_tells_rate_gaps_and_skews(
    graph: Graph, streams: HandMadeStreams, steps: Heard[Step]
) -> None:
    health = graph.health("synchronizer: steps")
    streams.wait(
        lambda: (status := health()) and any(v.key == "skew_static_ms" for v in status.values),
        "the synchronizer says nothing of its health",
    )
    values = {v.key: float(v.value) for v in health().values}
    assert values["target_hz"] == 5.0
    assert abs(values["skew_static_ms"]) <= 50
    assert {"rate_hz", "age_ms", "gaps", "late", "dropped", "refused", "grid_restarts"} <= set(
        values
    )
