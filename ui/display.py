"""Can a window be opened here? Qt itself aborts the process when it cannot."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from pathlib import Path


def display_problem(environment: Mapping[str, str]) -> str:
    """Return why no window can be opened, in one sentence that says what to do, or ``""``."""
    if not sys.platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return ""
    if environment.get("WAYLAND_DISPLAY"):
        return ""
    if not environment.get("DISPLAY"):
        return (
            "there is no display here: run the console in a desktop session, or set DISPLAY"
            " (with ssh: ssh -X)"
        )
    return _missing_library() or _refused_display(environment["DISPLAY"])


def _missing_library() -> str:
    import PySide6

    plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if plugin.exists():
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            library = str(error).partition(":")[0]
            return (
                f"the system lacks {library}, which Qt needs to open windows:"
                " run ros_ws/environment/system_packages.sh"
            )
    return ""


def _refused_display(name: str) -> str:
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return ""  # Qt will tell
    x11.XOpenDisplay.restype = ctypes.c_void_p
    connection = x11.XOpenDisplay(None)
    if not connection:
        return f"the display {name} cannot be opened: is it running, and may this user use it?"
    x11.XCloseDisplay(ctypes.c_void_p(connection))
    return ""
