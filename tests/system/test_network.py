"""Nothing can be reached from another machine, and on this one only by who runs it."""

import stat

import pytest

from tests.installation import PARTITIONS, Installation
from tests.processes import open_ports

pytestmark = pytest.mark.ray


def test_every_open_port_is_on_loopback(installation: Installation) -> None:
    ports = open_ports(list(installation.members()))

    assert {protocol for protocol, _ in ports} >= {"tcp", "tcp6"}
    assert [str(address) for _, address in ports if not address.is_loopback] == []


def test_only_its_owner_can_enter_the_folder_of_sockets(installation: Installation) -> None:
    folder = installation.sockets
    sockets = [path for path in folder.rglob("*") if path.is_socket()]

    assert len(sockets) > PARTITIONS
    assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
    for number in range(PARTITIONS):
        mode = (folder / f"p{number}.sock").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_no_secret_stands_on_a_command_line(installation: Installation) -> None:
    """Every user of the machine can read those."""
    token = installation.head_spec().token
    assert not any(token in command for command in installation.members().values())
