#!/usr/bin/env bash
# Make .venv with the distribution and ROS 2, and build ros_ws into it.
# Each step leaves a stamp and is done again only when its inputs change.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv="$PWD/.venv"
stamps="$venv/.stamps"
ros_source=wheels
# A ROS 2 from packages that is sourced provides rclpy itself.
if [ -n "${ROS_DISTRO:-}" ] && [ -n "${AMENT_PREFIX_PATH:-}" ]; then ros_source="sourced:$ROS_DISTRO"; fi
if [ "$ros_source" != wheels ] && [[ "$ROS_DISTRO" < jazzy ]]; then
    echo "ROS 2 $ROS_DISTRO is sourced, collector needs Jazzy or newer: run this in a shell where none is sourced" >&2
    exit 1
fi

python=${PYTHON:-python3}
# A sourced ROS 2 is built for the system's Python.
if [ "$ros_source" != wheels ]; then python=${PYTHON:-/usr/bin/python3}; fi
if [ -n "${PYTHON:-}" ] && ! command -v "$PYTHON" >/dev/null; then
    echo "PYTHON=$PYTHON is not there: set it to a Python 3.10 or newer, or leave it out" >&2
    exit 1
fi
PYTHON=$python bash ros_ws/environment/system_packages.sh
"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 10):
    sys.exit(f"collector needs Python 3.10 or newer, {sys.executable} is {sys.version.split()[0]}: set PYTHON=/path/to/python3")
PY

done_already() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf %s "$2" > "$stamps/$1"; }
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

if ! done_already python "$ros_source $("$python" -V)"; then
    if [ -d "$venv" ]; then echo "making .venv anew: its Python or its ROS 2 changed"; rm -rf "$venv"; fi
    "$python" -m venv "$venv"
    stamp python "$ros_source $("$python" -V)"
fi

wanted=$(digest pyproject.toml ros_ws/environment/*.py ros_ws/environment/install.sh)
if ! done_already distribution "$wanted"; then
    echo "installing the distribution and ROS 2 ($ros_source) into .venv"
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
        echo "PyBullet has no wheel for Python 3.12 and newer: it is compiled, once, which takes ten minutes or more"
    fi
    export PYTHONWARNINGS=ignore  # of build tools, about themselves
    "$venv/bin/python" -m pip install -q --disable-pip-version-check "pip>=24"
    if [ "$ros_source" = wheels ]; then
        "$venv/bin/python" -m pip install -q --disable-pip-version-check -e '.[ros,colcon,sim,realsense,ui,dev]'
        "$venv/bin/python" ros_ws/environment/relocate_cmake_exports.py
    else
        # Interfaces of Jazzy and older are compiled against NumPy 1. What their generators
        # import, the packages have put where this environment does not look.
        "$venv/bin/python" -m pip install -q --disable-pip-version-check \
            -e '.[colcon,sim,realsense,ui,dev]' 'numpy<2' 'empy<4' 'lark>=1.1'
        packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        cp ros_ws/environment/collector_interfaces_libraries.py "$packages"
        echo "import collector_interfaces_libraries" > "$packages/collector_interfaces_libraries.pth"
    fi
    rm -f "$stamps/ros_ws"
    stamp distribution "$wanted"
fi

wanted=$(find ros_ws/src -type f -not -name '*.pyc' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
if ! done_already ros_ws "$wanted"; then
    echo "building ros_ws into .venv"
    log=$(mktemp)
    if ! (
        cd ros_ws
        export PATH="$venv/bin:$PATH"
        export AMENT_PREFIX_PATH="$venv${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"
        export CMAKE_PREFIX_PATH="$venv${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}"
        export PYTHONWARNINGS=ignore
        colcon --log-base log build --merge-install --install-base "$venv" \
            --build-base build --event-handlers console_direct- \
            --cmake-args -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
                "-DPython3_EXECUTABLE=$venv/bin/python" -Wno-dev
    ) >"$log" 2>&1; then
        cat "$log"
        echo "ros_ws did not build: the log is above" >&2
        exit 1
    fi
    rm -f "$log"
    stamp ros_ws "$wanted"
fi
