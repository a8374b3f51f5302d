"""The process that leads a calibration on a running station, for the commands that show it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from typing_extensions import Self

from collector.station.bringup import Bringup
from collector.station.node_process import node_command, node_environment

CLIENT_MODULE = "collector_nodes.calibration_client_node"
END_S = 20.0


class CalibrationProcess:
    """A context manager; leaving it ends the process, and with it the arm's motion.

    ``parameters`` are the node's: ``camera``, ``drive``, ``square_m``, ``person``, ``poses``,
    ``views``, ``speed_m_s``, ``board``.
    """

    def __init__(
        self, bringup: Bringup, environment: Mapping[str, str] | None = None, **parameters: Any
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed at the end
        self._process = subprocess.Popen(
            node_command(bringup, CLIENT_MODULE, parameters),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=node_environment(bringup, environment),
        )

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what it says, as it comes, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
        if self._process.wait() not in (0, 1):
            self._errors.seek(0)
            said = self._errors.read().strip()
            yield {"event": "failed", "message": said.splitlines()[-1] if said else "it ended"}

    def answer(self, yes: bool) -> None:
        """Answer what it asked."""
        assert self._process.stdin is not None
        self._process.stdin.write("yes\n" if yes else "no\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()  # it cancels what is under way
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
