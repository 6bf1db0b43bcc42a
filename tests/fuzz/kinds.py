"""What is fuzzed: how it is drawn, and how it is judged."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.frames import frames, judge_frames
from tests.fuzz.ours import (
    code,
    entry,
    judge_code,
    judge_entry,
    judge_request,
    request,
)
from tests.fuzz.payloads import (
    consumer_payload,
    judge_consumer,
    judge_merchant,
    merchant_payload,
)

Kind = tuple[Callable[[Random], Any], Callable[[Any], bool]]

PAYLOADS: dict[str, Kind] = {
    "consumer-presented payloads": (consumer_payload, judge_consumer),
    "merchant-presented payloads": (merchant_payload, judge_merchant),
}
FRAMES: dict[str, Kind] = {"ISO 8583 frames": (frames, judge_frames)}
OURS: dict[str, Kind] = {
    "sealed codes": (code, judge_code),
    "frames to a partition": (request, judge_request),
    "entries of a journal": (entry, judge_entry),
}
KINDS = PAYLOADS | FRAMES | OURS
