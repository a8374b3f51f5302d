"""Becomes another program that the kernel kills when the parent dies, however it dies.

Run as ``python -I -S die_with_parent.py PARENT_PID PROGRAM [ARGUMENT ...]``. The process
keeps its id: it replaces itself. What it sets survives that and any later exec. Between
fork and exec of the parent's own code this would need care with its threads; a process of
its own needs none.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        # The signal comes when the *thread* that forked this process exits.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            sys.exit(1)  # it died before it could be watched
    # Python ignores broken pipes, and a shell makes its background jobs ignore SIGINT:
    # exec would hand either on.
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
