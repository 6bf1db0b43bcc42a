"""A till that is a process of its own, so that it can be killed.

It is forked from one that has imported what a till needs: an interpreter of its own would spend
most of a second on that, for each of so many kills.
"""

import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess

from channels.web.demo import demo_key
from ledger.clock import ManualClock
from terminals.pos import Console, run
from terminals.pos_options import KEY_VARIABLE
from tests.bench_reader.till import no_sleep, options_of

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload([__name__, "smartcard.scard"])

PATIENCE_S = 30


class ForkedTill:
    """last_words: those at which it dies, before they are seen."""

    def __init__(self, last_words: str = "") -> None:
        self._last_words = last_words
        self._process: ForkServerProcess | None = None

    def start(
        self, words: list[str], keys: str, now_ms: int, environment: Mapping[str, str]
    ) -> None:
        """environment: says where its pcscd is."""
        given = (words, keys, now_ms, dict(environment), self._last_words)
        self._process = _FORKED.Process(target=_sell, args=given, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """It is dead when this returns. Any thread may call it."""
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        wait([self._process.sentinel])

    def end(self) -> int | None:
        """How it ended, once it has."""
        assert self._process is not None
        self._process.join(PATIENCE_S)
        return self._process.exitcode


class _LastWords(io.StringIO):
    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def write(self, text: str) -> int:
        if self._words and self._words in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(text)


def _sell(
    words: list[str], keys: str, now_ms: int, environment: dict[str, str], last_words: str
) -> None:
    os.environ.update(environment)
    console = Console(
        keys=io.StringIO(keys),
        out=_LastWords(last_words),
        environ={KEY_VARIABLE: demo_key("lounge")},
        clock=ManualClock(now_ms),
        sleep=no_sleep,
    )
    sys.exit(run(options_of(*words), console))
