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
libraries=$("$ldconfig" -p)
grep -q 'libusb-1\.0\.so\.0' <<<"$libraries" || missing+=(libusb-1.0-0)

# What the console's windows need: Qt comes in a wheel, what it draws with does not.
windows=()
while read -r library package; do
    grep -qF "$library " <<<"$libraries" || windows+=("$package")
done <<'LIBRARIES'
libEGL.so.1 libegl1
libGL.so.1 libgl1
libX11.so.6 libx11-6
libX11-xcb.so.1 libx11-xcb1
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libglib-2.0.so.0 libglib2.0-0
libwayland-client.so.0 libwayland-client0
libwayland-cursor.so.0 libwayland-cursor0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-sync.so.1 libxcb-sync1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
LIBRARIES

# The console's tones, where the extra `sound` is installed. Without them it is silent.
sounds=()
if compgen -G "${VIRTUAL_ENV:-.venv}/lib/python3*/site-packages/PySide6/QtMultimedia*" >/dev/null; then
    grep -qF 'libpulse.so.0 ' <<<"$libraries" || sounds+=(libpulse0)
fi

# The tests start a PostgreSQL server of their own. A station needs none.
servers=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || servers+=(postgresql)

required=${#missing[@]}
missing+=(${windows[@]+"${windows[@]}"} ${sounds[@]+"${sounds[@]}"} ${servers[@]+"${servers[@]}"})

[ ${#missing[@]} -eq 0 ] && exit 0

give_up() {
    if [ "$required" -ne 0 ]; then echo "$1" >&2; exit 1; fi
    # Everything else works without them: say it and go on.
    if [ ${#windows[@]} -ne 0 ]; then echo "the console's windows will not open; to have them, $1" >&2; fi
    if [ ${#sounds[@]} -ne 0 ]; then echo "the console will be silent; to hear it, $1" >&2; fi
    if [ ${#servers[@]} -ne 0 ]; then echo "the tests leave PostgreSQL out; to have it, $1" >&2; fi
    exit 0
}
by_hand="install the system packages by hand, then run the command again: apt-get install ${missing[*]}"
if ! command -v apt-get >/dev/null; then give_up "$by_hand (or what they are called here)"; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then give_up "$by_hand (as root)"; fi
    # Where nobody can type a password, ask for none.
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
fi
echo "installing system packages: ${missing[*]}"
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
    give_up "$by_hand (as root)"
fi
