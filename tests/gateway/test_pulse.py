"""A heartbeat says that a partition lives; and if it has stopped, why, which is logged once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from actors.frame import LENGTH, Statistics, encode, framed
from gateway.pulse import Pulse

WHY = "partition 0: entry 70 is damaged. Restore a backup"


class Beating:
    """A partition's socket that answers each heartbeat with these."""

    def __init__(self) -> None:
        self.statistics = Statistics(0, 4711)
        self.left = asyncio.Event()

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while head := await reader.read(LENGTH.size):
            await reader.readexactly(LENGTH.unpack(head)[0])
            writer.write(framed(encode(self.statistics)))
        writer.close()
        await writer.wait_closed()
        self.left.set()


@pytest.fixture
async def partition(tmp_path: Path) -> AsyncIterator[tuple[Beating, Pulse]]:
    beating = Beating()
    path = tmp_path / "p0.sock"

    async def locate(_partition: int) -> tuple[int, str]:
        return 4711, str(path)

    pulse = Pulse(locate, heartbeat_s=5)
    async with await asyncio.start_unix_server(beating.answer, path):
        yield beating, pulse
        await pulse.close()
        await beating.left.wait()


async def test_a_partition_that_lives_is_no_news(partition: tuple[Beating, Pulse]) -> None:
    _, pulse = partition
    with capture_logs() as lines:
        assert await pulse.beats(0)

    assert lines == []


async def test_a_partition_that_stopped_still_beats_and_its_reason_is_logged_once(
    partition: tuple[Beating, Pulse],
) -> None:
    """To kill it would be to let it serve until it meets the damage again."""
    beating, pulse = partition
    beating.statistics = Statistics(0, 4711, damage=WHY)
    with capture_logs() as lines:
        assert await pulse.beats(0)
        assert await pulse.beats(0)

    [line] = lines
    assert line["event"] == "a partition has stopped"
    assert line["log_level"] == "error"
    assert (line["partition"], line["problem"]) == (0, WHY)


async def test_one_missed_heartbeat_is_no_silence(tmp_path: Path) -> None:
    """It may be ours: whoever was stopped meanwhile finds every answer late."""

    async def locate(_partition: int) -> tuple[int, str]:
        return 4711, str(tmp_path / "nobody listens")

    pulse = Pulse(locate, heartbeat_s=0)

    assert not await pulse.beats(0)
    assert pulse.silent_process(0) is None
    assert not await pulse.beats(0)
    assert pulse.silent_process(0) == 4711
    await pulse.close()


async def test_a_heartbeat_makes_up_for_those_that_were_missed(
    partition: tuple[Beating, Pulse], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, pulse = partition
    monkeypatch.setattr(pulse, "_heartbeat_s", 0)
    assert not await pulse.beats(0)
    monkeypatch.setattr(pulse, "_heartbeat_s", 5)
    assert await pulse.beats(0)
    monkeypatch.setattr(pulse, "_heartbeat_s", 0)
    assert not await pulse.beats(0)

    assert pulse.silent_process(0) is None
