"""Frames: two bytes of length, big-endian, and as many bytes of message.

TCP cuts where it likes: what comes in may be half a frame, or three and a half. A frame of length
zero is a sign of life and carries nothing.
"""

from terminals.iso8583.profile import MESSAGE_BYTES_MAX

LENGTH_BYTES = 2


class FrameTooLong(ValueError):
    """What came cannot be a message, and where the next one begins is not known."""

    def __init__(self, length: int) -> None:
        super().__init__(f"a frame of {length} bytes, and {MESSAGE_BYTES_MAX} is the most")


class FrameReader:
    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_amid(self) -> bool:
        """Whether a frame has begun that is not whole yet."""
        return bool(self._buffer)

    def feed(self, raw: bytes) -> list[bytes]:
        """The messages that are whole now. Raises FrameTooLong, and is of no use then."""
        self._buffer += raw
        messages = []
        while (whole := self._whole()) is not None:
            if whole:
                messages.append(whole)
        return messages

    def _whole(self) -> bytes | None:
        if len(self._buffer) < LENGTH_BYTES:
            return None
        length = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
        if length > MESSAGE_BYTES_MAX:
            raise FrameTooLong(length)
        end = LENGTH_BYTES + length
        if len(self._buffer) < end:
            return None
        whole = bytes(self._buffer[LENGTH_BYTES:end])
        del self._buffer[:end]
        return whole


def frame(message: bytes) -> bytes:
    assert len(message) <= MESSAGE_BYTES_MAX, "the profile bounds every element"
    return len(message).to_bytes(LENGTH_BYTES, "big") + message
