"""Which software this is, as provenance states it."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def software_version() -> str:
    """Return the distribution's version, with the git commit where it runs from a checkout.

    ``0.1.0+g518b226``, and ``.dirty`` behind it when files were changed since.
    """
    version = metadata.version("collector")
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=.dirty", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version}+g{described.stdout.strip()}"
