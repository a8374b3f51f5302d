#!/usr/bin/env bash
# Install the system packages that are missing, or say which ones to install.
set -euo pipefail

missing=()
command -v cmake >/dev/null || missing+=(cmake)
command -v g++ >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
python=${PYTHON:-python3}
command -v "$python" >/dev/null || missing+=(python3)
"$python" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null || true)
[ -f "$headers/Python.h" ] || missing+=(python3-dev)
ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
"$ldconfig" -p | grep -q 'libusb-1\.0\.so\.0' || missing+=(libusb-1.0-0)

[ ${#missing[@]} -eq 0 ] && exit 0

by_hand="install the system packages by hand, then run the command again: apt-get install ${missing[*]}"
if ! command -v apt-get >/dev/null; then echo "$by_hand (or what they are called here)" >&2; exit 1; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then echo "$by_hand (as root)" >&2; exit 1; fi
    # Where nobody can type a password, ask for none.
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
fi
echo "installing system packages: ${missing[*]}"
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "$by_hand (as root)" >&2
    exit 1
fi
