"""python -m actors.leash COMMAND…: run a command, and end its whole process group when whoever
started us is gone. Our standard input is the leash: it closes when its other end dies, even by
kill -9, so no orphaned cluster keeps a data folder busy.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603
    threading.Thread(target=_watch_leash, daemon=True).start()
    child.wait()
    os.killpg(0, signal.SIGKILL)


def _watch_leash() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
