"""How a command runs one ROS node as a child of its own, beside a station."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from collector.station.bringup import Bringup


def node_command(bringup: Bringup, module: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return what runs the node of ``module`` with ``parameters`` and that of the station."""
    values = {"station": str(bringup.station_path), **parameters}
    words = [w for name, v in values.items() for w in ("-p", f"{name}:={json.dumps(v)}")]
    return [sys.executable, "-m", module, "--ros-args", *words]


def node_environment(
    bringup: Bringup, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return ``environment`` (that of this process) with the station's ROS settings on top."""
    inherited = os.environ if environment is None else environment
    return {**inherited, **bringup.launch.processes[0].environment}
