"""The simulated station's description, with its data in a folder of the test's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from collector.station.description import Station, load_station

ROOT = Path(__file__).parents[2]
SIMULATED = ROOT / "launch" / "stations" / "simulated.yaml"
# Small pictures: what they show is not what is tested here.
WIDTH, HEIGHT, FPS = 64, 48, 10


class StationFile:
    """A station description below ``folder``, written anew by every `change`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "station.yaml"
        self.data = folder / "data"
        self.values: dict[str, Any] = yaml.safe_load(SIMULATED.read_text(encoding="utf-8"))
        self.values["recording"]["min_free_gb"] = 0.01
        cameras = {name: {"width": WIDTH, "height": HEIGHT} for name in self.values["cameras"]}
        self.change({"data": str(self.data), "cameras": cameras})

    def change(self, values: dict[str, Any]) -> None:
        """Merge ``values`` into the description."""
        _merge(self.values, values)
        self.path.write_text(yaml.safe_dump(self.values), encoding="utf-8")

    def replace_camera(self, name: str, **values: Any) -> None:
        """Describe a camera from nothing."""
        self.values["cameras"][name] = {"width": WIDTH, "height": HEIGHT, "fps": FPS, **values}
        self.change({})

    def load(self) -> Station:
        return load_station(self.path)


def _merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
