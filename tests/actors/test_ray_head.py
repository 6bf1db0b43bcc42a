import socket
from pathlib import Path

from actors.ray_head import free_port

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_free_port_is_one_that_the_kernel_gives_to_nobody() -> None:
    """Or one of Ray's processes would have it before we listen there."""
    first, last = map(int, EPHEMERAL.read_text(encoding="ascii").split())

    for _ in range(20):
        assert not first <= free_port() <= last


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        assert free_port() != taken
