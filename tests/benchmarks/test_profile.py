"""Whose code a look belongs to."""

import asyncio
from pathlib import Path

import pytest

from benchmarks import profile
from benchmarks.profile import CannotLook, shares, shares_of
from tests.house.tree import ROOT

LOOP = "main (gateway/process.py:45);BaseEventLoop.run_forever (asyncio/base_events.py:607)"
HANDLER = f"{LOOP};handle (gateway/handling.py:76)"


@pytest.mark.parametrize(
    ("stack", "owner"),
    [
        (HANDLER, "Airside"),
        (f"{HANDLER};unicode_startswith (libpython3.11.so.1.0)", "Airside"),
        (
            f"{HANDLER};json_decode (msgspec/_core.cpython-311-x86_64-linux-gnu.so)",
            "msgspec",
        ),
        (f"{HANDLER};ms_resize_bytes (msgspec/_core.so);malloc (libc.so.6)", "msgspec"),
        (f"{HANDLER};new (hmac.py:38);EVP_DigestUpdate (libcrypto.so.3)", "hashing"),
        (f"{LOOP};_SelectorTransport.write (asyncio/selector_events.py:9)", "asyncio"),
        (f"{LOOP};sock_send (socketmodule.c:4401);send (libc.so.6)", "kernel, disk"),
        (f"{LOOP};fdatasync (libc.so.6)", "kernel, disk"),
        (f"{LOOP};data_received (aiohttp/web_protocol.py:467)", "aiohttp"),
        (f"{LOOP};llhttp__internal__run (llhttp.c:3097)", "aiohttp"),
        (f"{LOOP};sqlite3_step (libsqlite3.so.0.8.6)", "SQLite"),
        ("run_forever (somebody)", "others"),
    ],
)
def test_a_look_belongs_to_the_innermost_frame_that_has_an_owner(
    stack: str, owner: str
) -> None:
    assert shares_of([f"{stack} 7"], "run_forever") == {owner: 1.0}


def test_looks_are_shared_out_and_the_biggest_comes_first() -> None:
    lines = [f"{HANDLER} 1", f"{LOOP};step (aiohttp/web.py:1) 3"]

    assert shares_of(lines, "run_forever") == {"aiohttp": 0.75, "Airside": 0.25}


def test_threads_that_wait_and_threads_of_others_do_not_count() -> None:
    lines = [
        f"{HANDLER} 2",
        f"{LOOP};select (selectors.py:468);epoll_wait (libc.so.6) 90",
        "Thread._bootstrap (threading.py:1002);send (libc.so.6) 50",
    ]

    assert shares_of(lines, "run_forever") == {"Airside": 1.0}


def test_where_nothing_was_seen_nothing_is_said() -> None:
    assert shares_of([], "run_forever") == {}


def test_a_process_that_is_not_there_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(CannotLook, match="py-spy does not look"):
        asyncio.run(shares(2**22 + 1, "engine", 1, tmp_path))


def test_each_process_has_a_frame_below_which_it_works() -> None:
    source = "".join(
        (ROOT / path).read_text()
        for path in ("actors/socket_server.py", "benchmarks/engine.py")
    )
    own = {frame for frame in profile.WORKERS.values() if frame != "run_forever"}

    assert all(f"def {frame}(" in source for frame in own)
