"""What launch files hand to ROS arrives there: parameters with their types, transports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.station.launch_file import load_launch_file

pytestmark = pytest.mark.ros

PROFILE = Path(__file__).parents[2] / "launch" / "fastdds_profile.xml"
NODE = """
import json, re, sys
import rclpy
rclpy.init(args=sys.argv)
node = rclpy.create_node(
    "unnamed",
    allow_undeclared_parameters=True,
    automatically_declare_parameters_from_overrides=True,
)
values = {
    name: list(value) if isinstance(value, (list, tuple)) or hasattr(value, "tolist") else value
    for name, value in ((n, p.value) for n, p in node.get_parameters_by_prefix("").items())
}
maps = open("/proc/self/maps").read()
sizes = [
    int(high, 16) - int(low, 16)
    for low, high in re.findall(r"^(\\w+)-(\\w+) .*/dev/shm/fastrtps_[0-9a-f]{16}$", maps, re.M)
]
print(json.dumps([node.get_fully_qualified_name(), values, max(sizes)]))
node.destroy_node()
rclpy.shutdown()
"""
LAUNCH = """launch:
- set_env: {name: FASTRTPS_DEFAULT_PROFILES_FILE, value: XML}
- set_env: {name: RMW_IMPLEMENTATION, value: rmw_fastrtps_cpp}
- set_env: {name: ROS_AUTOMATIC_DISCOVERY_RANGE, value: LOCALHOST}
- node:
    pkg: pack
    exec: run
    name: left
    namespace: arms
    param:
    - {name: path, value: "/a b/c: d:=e #x 'q' Brücke.yaml", type: str}
    - {name: digits, value: "5", type: str}
    - {name: word, value: "yes", type: str}
    - {name: empty, value: "", type: str}
    - {name: count, value: 5}
    - {name: rate, value: 5.0}
    - {name: flag, value: true}
    - {name: list, value: [1, 2]}
    - name: outer
      param: [{name: inner, value: 1.0e-9}]
"""


def test_a_node_gets_its_name_its_parameters_and_the_station_s_transports(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    executable = tmp_path / "lib" / "pack" / "run"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!{sys.executable}\n{NODE}", encoding="utf-8")
    executable.chmod(0o755)
    launch_file = tmp_path / "a.launch.yaml"
    launch_file.write_text(LAUNCH.replace("XML", str(PROFILE)), encoding="utf-8")
    environment = {**os.environ, "AMENT_PREFIX_PATH": str(tmp_path), "ROS_DOMAIN_ID": "83"}
    (process,) = load_launch_file(launch_file, {}, environment).processes
    shown = subprocess.run(
        process.command,
        env={**environment, **process.environment},
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    name, values, segment = json.loads(shown.splitlines()[-1])
    assert name == "/arms/left"
    del values["use_sim_time"]
    values.pop("start_type_description_service", None)
    assert values == {
        "path": "/a b/c: d:=e #x 'q' Brücke.yaml",
        "digits": "5",
        "word": "yes",
        "empty": "",
        "count": 5,
        "rate": 5.0,
        "flag": True,
        "list": [1, 2],
        "outer.inner": 1e-9,
    }
    assert type(values["rate"]) is float
    assert segment >= 64 * 2**20
