"""The node executables, as a launch file starts them: health, refusals, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from hand_made_streams import HandMadeStreams, calibrate
from rclpy.action import ActionClient
from ros_graph import Graph, Heard
from station_files import StationFile

from collector.episode.folders import partial_folders, sealed_folders
from collector.episode.reader import read_summary
from collector.episode.verification import verify
from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import Step
from collector_nodes import qos
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros

EXECUTABLES = Path(sys.prefix) / "lib" / "collector_nodes"
NODES = {  # name: executable
    "simulator": "simulator",
    "static_camera": "camera",
    "wrist_camera": "camera",
    "arm": "arm",
    "teleop": "teleop",
    "synchronizer": "synchronizer",
    "recorder": "recorder",
}
END_S = 3.0


class Process:
    """A node executable under a name, its output kept."""

    def __init__(self, name: str, executable: str, log: Path, **parameters: str) -> None:
        self.name = name
        self._log = log
        command = [str(EXECUTABLES / executable), "--ros-args", "-r", f"__node:={name}"]
        for key, value in parameters.items():
            command += ["-p", f"{key}:={value}"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self, within_s: float) -> int:
        return self.process.wait(within_s)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def start(tmp_path: Path, station: StationFile) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(name: str, executable: str, **parameters: str) -> Process:
        if "station" not in parameters:
            parameters["station"] = str(station.path)
        if executable == "camera":
            parameters["camera"] = name.removesuffix("_camera")
        log = tmp_path / f"{name}.log"
        process = Process(name, executable, log, **parameters)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()


def names(heard: Heard[DiagnosticArray]) -> set[str]:
    """Return the nodes that said how they are."""
    return {status.name.split(":")[0] for m in heard.messages for status in m.status}


def test_a_station_s_nodes_tell_their_health_and_end_when_asked(
    graph: Graph, station: StationFile, start: Callable[..., Process]
) -> None:
    diagnostics: Heard[DiagnosticArray] = graph.hear(DiagnosticArray, "/diagnostics", 100)
    steps: Heard[Step] = graph.hear(Step, "/synchronizer/step", qos.STEPS)
    processes = [start(name, executable) for name, executable in NODES.items()]

    def all_well() -> bool:
        dead = [p.name for p in processes if p.process.poll() is not None]
        assert not dead, f"{dead} ended: {processes[0].output}"
        return names(diagnostics) == set(NODES)

    graph.wait(all_well, "not every node tells how it is")
    graph.wait(lambda: steps.messages and not steps.last.is_gap, "the station makes no step")
    begin = len(diagnostics)
    graph.wait(lambda: len(diagnostics) >= begin + 3 * len(NODES), "the health is told too rarely")
    for node, rate in {
        "simulator": 100,
        "static_camera": 10,
        "arm": 100,
        "synchronizer": 5,
    }.items():
        own = [s for m in diagnostics.messages for s in m.status if s.name.startswith(f"{node}:")]
        values = {v.key: float(v.value) for v in own[-1].values}
        assert own[-1].hardware_id == "sim-01"
        assert values["target_hz"] == rate
        assert values["rate_hz"] > 0
        assert values["age_ms"] >= 0
        told_ns = [
            arrival_ns
            for m, arrival_ns in zip(diagnostics.messages, diagnostics.arrivals_ns, strict=True)
            if m.status and m.status[0].name.startswith(f"{node}:")
        ]
        assert 0.5 <= (told_ns[-1] - told_ns[0]) / 1e9 / (len(told_ns) - 1) <= 2.0
    for process in processes:
        process.process.send_signal(signal.SIGINT)
    deadline_s = time.monotonic() + END_S
    codes = {p.name: p.wait(max(deadline_s - time.monotonic(), 0.1)) for p in processes}
    said = {p.name: p.output for p in processes}
    assert codes == dict.fromkeys(NODES, 0), said
    assert {name for name, text in said.items() if "Traceback" in text} == set(), said


def test_a_station_that_is_wrong_is_refused_with_a_sentence_by_every_node(
    station: StationFile, start: Callable[..., Process]
) -> None:
    station.change({"arm": {"rate_hz": "fast"}})
    for process in [start(*item) for item in {**NODES, "session": "scripted_session"}.items()]:
        assert process.wait(30) == 2, process.name
        assert str(station.path) in process.output
        assert "arm.rate_hz" in process.output
        assert "Traceback" not in process.output


def test_parameters_that_are_wrong_are_refused_with_a_sentence(
    start: Callable[..., Process],
) -> None:
    cases = {
        start("side_camera", "camera"): "set the parameter camera to one of static, wrist",
        start("arm", "arm", station="''"): "needs the parameter station",
        start("recorder", "recorder", station="/no/such.yaml"): "/no/such.yaml does not exist",
        start("scripted_session", "scripted_session", tasks="[juggle]"): "choose one of place_red",
    }
    for process, sentence in cases.items():
        assert process.wait(30) == 2
        assert sentence in process.output
        assert "Traceback" not in process.output


def test_a_scripted_session_that_waits_for_its_station_ends_when_asked(
    graph: Graph, start: Callable[..., Process]
) -> None:
    diagnostics: Heard[DiagnosticArray] = graph.hear(DiagnosticArray, "/diagnostics", 100)
    process = start("scripted_session", "scripted_session")
    graph.wait(lambda: len(diagnostics), "the session does not start")
    os.kill(process.process.pid, signal.SIGINT)
    assert process.wait(END_S) == 1  # its episodes were not recorded
    assert "Traceback" not in process.output


def test_a_recorder_that_is_interrupted_seals_its_episode(
    graph: Graph, station: StationFile, start: Callable[..., Process]
) -> None:
    calibrate(graph)
    graph.add(SynchronizerNode)
    streams = HandMadeStreams(graph)
    streams.heard_by("synchronizer")
    process = start("recorder", "recorder")
    streams.heard_by("recorder")
    client = ActionClient(graph.probe, RecordEpisode, "/recorder/record")
    goal = RecordEpisode.Goal(
        task_id="place_red_in_bowl", task_type="pick and place", phase="practice"
    )
    steps: list[int] = []

    def recording() -> bool:
        """The recorder may not have heard of the cameras yet: then it refuses, and is asked on."""
        sent = client.send_goal_async(goal, lambda m: steps.append(m.feedback.steps))
        handle = streams.answer(sent)
        ended = handle.get_result_async() if handle.accepted else sent
        streams.wait(lambda: ended.done() or (steps and steps[-1] >= 2), "nothing is recorded")
        return bool(steps and steps[-1] >= 2)

    streams.wait(client.server_is_ready, "the recorder offers no action")
    streams.wait(recording, "nothing is recorded")
    process.process.send_signal(signal.SIGINT)
    assert process.wait(END_S) == 0, process.output
    assert "Traceback" not in process.output
    client.destroy()
    assert partial_folders(station.data) == []
    (sealed,) = sealed_folders(station.data)
    assert verify(sealed) == []
    assert read_summary(sealed).outcome == "discarded"
