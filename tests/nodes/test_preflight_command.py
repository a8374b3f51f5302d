"""`collector preflight` against a station that is made by hand."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hand_made_station import HandMadeStation, calibration
from hand_made_streams import SAMPLE_NS
from ros_graph import Graph
from station_files import StationFile

from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_S
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros


class Asked:
    """The command, run on a station."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "collector", "preflight", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answered(self) -> bool:
        return self.process.poll() is not None

    def words(self) -> tuple[int, str, str]:
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, " ".join(output.split()), errors


@pytest.fixture
def streams(graph: Graph, station: StationFile) -> HandMadeStation:
    station.change({"arm": {"rate_hz": NS_PER_S // SAMPLE_NS}})
    for name in ("static", "wrist"):
        calibration(name).save(station.load().calibration_path(name))
    graph.add(SynchronizerNode)
    streams = HandMadeStation(graph)
    streams.heard_by("synchronizer")
    return streams


def ask(streams: HandMadeStation, *words: str) -> tuple[int, str, str]:
    asked = Asked(str(streams.graph.station.path), *words)
    streams.wait(asked.answered, "the command does not end")
    return asked.words()


def test_a_fit_station_passes_but_for_consent_which_is_left_out(
    streams: HandMadeStation,
) -> None:
    code, said, errors = ask(streams, "--patience", "30")
    assert code == 0, said + errors
    assert "sim-01: fit to record" in said
    assert "left out consent Nobody has signed in" in said
    assert "ok arm.rest The arm is at rest." in said


def test_what_refuses_is_told_and_decides_the_exit_code(streams: HandMadeStation) -> None:
    streams.is_.arm |= {"status": ArmStatus.STOPPED}
    streams.graph.station.load().calibration_path("wrist").unlink()
    code, said, errors = ask(streams, "--json", "--patience", "30")
    assert code == 1, errors
    report = json.loads(said)
    refused = {r["name"]: r["sentence"] for r in report["results"] if r["level"] == "refused"}
    assert not report["passed"]
    assert report["consent"] == "not checked"
    assert "reset the stop" in refused["arm.reachable"]
    assert "is not calibrated" in refused["camera.wrist.calibration"]
    assert set(refused) == {"arm.reachable", "camera.wrist.calibration"}


def test_where_no_station_runs_there_is_nobody_to_ask(station: StationFile) -> None:
    code, said, errors = Asked(str(station.path), "--patience", "1").words()
    assert (code, said) == (2, "")
    assert "no node of sim-01 speaks in ROS domain" in errors
    assert "start the station" in errors


def test_a_description_that_is_wrong_is_named() -> None:
    code, said, errors = Asked("/no/such.yaml").words()
    assert (code, said) == (2, "")
    assert "/no/such.yaml does not exist" in errors
