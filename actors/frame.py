"""Frames: what travels between a gateway and a partition, by whatever road.

A request frame is a msgpack array of envelopes, or one of the control words; the answer is the
array of replies in the same order. On a socket a frame stands behind its length, four bytes,
big-endian. One connection carries one frame at a time, so frames need no numbers.
"""

import struct

import msgspec

from ledger.commands import Envelope
from ledger.replies import Reply

# A frame is bounded in commands, so that one gateway cannot hold a partition for long (256
# commands take some 6 ms), and in bytes, so that a reader knows what to reserve.
COMMANDS_PER_FRAME = 256
FRAME_BYTES_MAX = 256 * 1024
# An answer may carry pages of journal entries.
ANSWER_BYTES_MAX = 16 * 1024 * 1024
LENGTH = struct.Struct(">I")


class Commands(msgspec.Struct, frozen=True, array_like=True, tag=1):
    envelopes: list[Envelope]


class Heartbeat(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Are you alive? Passes the same queue as commands, so the answer means what it says."""


class Statistics(msgspec.Struct, frozen=True, array_like=True):
    """What a partition counts about itself; plain integers since its incarnation began."""

    partition: int
    pid: int
    last_seq: int = 0
    commands: int = 0
    batches: int = 0
    commits_us: int = 0  # microseconds spent handling and committing batches
    residents: int = 0
    open_holds: int = 0
    quarantined: int = 0
    restarts: int = 0  # incarnations before this one that the replay met
    commit_buckets: tuple[int, ...] = ()  # batches by duration, see COMMIT_BUCKETS_MS
    batch_buckets: tuple[int, ...] = ()  # batches by size, see BATCH_BUCKETS
    damage: str = ""  # why it has stopped, if it has

    @property
    def stopped(self) -> int:
        return int(bool(self.damage))


COMMIT_BUCKETS_MS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

Request = Commands | Heartbeat


class FrameTooLarge(ValueError):
    """A peer announced more bytes than a frame may have: it does not speak this protocol."""

    def __init__(self, length: int, most: int) -> None:
        super().__init__(
            f"a frame of {length} bytes was announced; at most {most} are allowed"
        )


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_replies = msgspec.msgpack.Decoder(list[Reply]).decode
decode_statistics = msgspec.msgpack.Decoder(Statistics).decode


def framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body
