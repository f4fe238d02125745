"""``python _launch.py PARENT_PID COMMAND...`` becomes COMMAND, and dies with its parent.

A separate program rather than ``preexec_fn``, which is unsafe (and warns) in a process that has threads. On Linux the
setting survives ``exec``: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent is gone")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
