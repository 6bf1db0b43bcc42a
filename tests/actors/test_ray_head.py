import socket
from pathlib import Path

import pytest

from actors.ray_head import free_port

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_free_port_is_one_that_the_kernel_gives_to_nobody() -> None:
    """Or one of Ray's processes would have it before we listen there."""
    first, last = map(int, EPHEMERAL.read_text(encoding="ascii").split())

    for _ in range(20):
        assert not first <= free_port() <= last


def test_a_port_that_somebody_has_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        # Of three, for the kernel likes odd numbers.
        monkeypatch.setattr("actors.ray_head._PORTS", range(taken, taken + 3))

        assert taken not in {free_port() for _ in range(50)}
