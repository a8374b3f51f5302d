"""Lets this environment's Python find the libraries of collector_interfaces.

For an environment on a sourced ROS 2, whose setup.bash names its own libraries alone; the
ROS 2 wheels bring the like. The loader reads LD_LIBRARY_PATH once, as a process starts: so
Python starts once more. Imported by a .pth file, before anything else.
"""

import os
import sys

_DONE = "_COLLECTOR_INTERFACES_LIBRARIES"
_folder = os.path.join(sys.prefix, "lib")
_folders = [f for f in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if f]

if _folder not in _folders and os.environ.get(_DONE) != _folder:
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join([_folder, *_folders])
    os.environ[_DONE] = _folder
    os.execv(sys.executable, sys.orig_argv)
