"""Point the ROS 2 wheels' CMake exports at this interpreter.

The wheels were built in a manylinux container and name its Python and NumPy
headers (``/opt/python/cp311-cp311/...``) in ``share/**/*.cmake``. Building
interfaces against them needs this interpreter's own folders instead.

    python relocate_cmake_exports.py            # this environment
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

import numpy

PYTHON_HEADERS = re.compile(r"/opt/python/cp3\d+-cp3\d+/include/python3\.\d+")
NUMPY_HEADERS = re.compile(
    r"/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages/numpy/_?core/include"
)


def relocate(prefix: Path, python_headers: str, numpy_headers: str) -> int:
    """Rewrite every export below ``prefix``; return how many files changed."""
    changed = 0
    for export in prefix.glob("share/**/*.cmake"):
        before = export.read_text(encoding="utf-8")
        after = NUMPY_HEADERS.sub(numpy_headers, before)
        after = PYTHON_HEADERS.sub(python_headers, after)
        if after != before:
            export.write_text(after, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    count = relocate(Path(sys.prefix), sysconfig.get_path("include"), numpy.get_include())
    print(f"relocated {count} CMake exports")
