"""The simulated station, described for a data folder of one's own, and its session."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from typing_extensions import Self

from collector.station.bringup import Bringup, default_launch_file
from collector.station.node_process import node_command, node_environment

SESSION_MODULE = "collector_nodes.scripted_session_node"
OPERATOR_MODULE = "collector_nodes.scripted_operator_node"
# Where that node finds the operator's PIN: arguments can be read by everyone on the machine.
OPERATOR_PIN_VARIABLE = "COLLECTOR_OPERATOR_PIN"


def describe_simulated_station(
    path: Path,
    data: str,
    cameras: Mapping[str, Mapping[str, Any]] | None = None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write the simulated station's description to ``path``, with another data folder.

    ``data`` is relative to the folder of ``path``. ``cameras`` replaces whole cameras,
    ``sections`` whole sections of the file, such as ``workflow`` and ``teleop``.
    """
    template = default_launch_file().parent / "stations" / "simulated.yaml"
    values = yaml.safe_load(template.read_text(encoding="utf-8"))
    values["data"] = data
    values["cameras"] |= {name: dict(camera) for name, camera in (cameras or {}).items()}
    values |= {name: dict(section) for name, section in (sections or {}).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"# Made from {template.name}; it may be overwritten.\n"
    path.write_text(text + yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


class ScriptedSession:
    """The node that records attempt after attempt on a running simulated station.

    A context manager: leaving it ends the node. ``parameters`` are the node's own:
    ``tasks``, ``episodes``, ``seed``, ``fail_share``, ``shortest_s``, ``retries``.
    """

    def __init__(
        self,
        bringup: Bringup,
        environment: Mapping[str, str] | None = None,
        module: str = SESSION_MODULE,
        **parameters: Any,
    ) -> None:
        """Start it in ``environment`` (that of this process) and the station's ROS settings.

        ``module`` is the node's: another one that says what it does in lines of JSON.
        """
        self._read = False  # then whoever reads closes: it may be another thread
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            node_command(bringup, module, parameters),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=node_environment(bringup, environment),
        )

    def reports(self) -> Iterator[dict[str, Any]]:
        """Yield what it says of each attempt, as it comes, until it ends.

        A whole attempt has ``path``; one that is repeated has ``lost``, the reason.
        """
        assert self._process.stdout is not None
        self._read = True
        with self._process.stdout as lines:
            for line in lines:
                if line.startswith("{"):
                    yield json.loads(line)

    def end(self) -> tuple[int, str]:
        """End it if it still runs; return its exit code and what it said of errors."""
        if self._errors.closed:
            return self._process.wait(), ""
        if self._process.poll() is None:
            self._process.terminate()
        code = self._process.wait()
        if self._process.stdout is not None and not self._read:
            self._process.stdout.close()
        self._errors.seek(0)
        errors = self._errors.read()
        self._errors.close()
        return code, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
