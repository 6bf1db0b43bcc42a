"""Open loops: from a tenth of what the installation can do to all of it, and then twice that.

A fixed number of payments starts each second, whatever becomes of those before them. So a stall
is seen by everyone who should have been served meanwhile, as it is at tills.
"""

import msgspec

from benchmarks.histogram import Counts, curve, mean
from benchmarks.orders import SLICE_MS, Phase, Slice, Tally
from benchmarks.rounds import Player, Test
from benchmarks.stack import Contestant

# Tills that may wait for an answer at once. More than the gateway lets wait, so it is the one
# that must refuse.
TILLS = 2_048
# Normal load, as a share of what the installation can do, and how much more of it comes.
NORMAL_SHARE = 0.2
PEAK = 10
WARM_UP_S, BEFORE_S, AFTER_S = 1.0, 3.0, 4.0
# It is back to normal when for so long no slice is slower than this many times the slowest one
# before. A slow one after that is no part of the peak: there are such without any.
CALM_S, SLACK = 1.0, 2.0


class OverloadFigures(msgspec.Struct, frozen=True, kw_only=True):
    """admitted, refused: payments of the peak. back_after_ms: from the end of the peak to the
    beginning of the first second in which answers took no longer than normal. means_ms,
    refused_share: by slices of SLICE_MS, from the end of the warm-up.
    """

    saturation: float
    normal: float
    peak: float
    peak_s: float
    admitted: int
    refused: int
    unknown: int
    mean_ms: float
    p99_ms: float
    worst_ms: float
    refusal_p99_ms: float
    normal_p99_ms: float
    back_after_ms: int
    means_ms: list[float]
    refused_share: list[float]


def climbing(per_second: float, seconds: float) -> Test:
    """One step of an open loop."""
    return Test(
        measure="open",
        connections=TILLS,
        seconds=seconds,
        per_second=round(per_second),
        refusals=True,
    )


async def overload(
    player: Player, contestant: Contestant, saturation: float, peak_s: float
) -> OverloadFigures:
    normal = saturation * NORMAL_SHARE
    spans = [
        (WARM_UP_S, normal),
        (BEFORE_S, normal),
        (peak_s, normal * PEAK),
        (AFTER_S, normal),
    ]
    phases = [Phase(seconds=seconds, per_second=round(rate)) for seconds, rate in spans]
    test = Test(measure="overload", connections=TILLS, seconds=0, refusals=True)
    tally = await player.drive(contestant, player.orders(contestant, test, phases))
    return figures(tally, phases, saturation)


def figures(tally: Tally, phases: list[Phase], saturation: float) -> OverloadFigures:
    before, peak = tally.phases[1], tally.phases[2]
    slices = tally.slices[_slices(phases[:1]) :]
    calm = _slices(phases[1:2])
    admitted = curve(peak.latencies)
    return OverloadFigures(
        saturation=round(saturation),
        normal=phases[1].per_second,
        peak=phases[2].per_second,
        peak_s=phases[2].seconds,
        admitted=sum(peak.latencies.values()),
        refused=sum(peak.refusals.values()),
        unknown=tally.unknown,
        mean_ms=round(mean(peak.latencies) / 1_000, 2),
        p99_ms=admitted["99"] / 1_000,
        worst_ms=admitted["100"] / 1_000,
        refusal_p99_ms=_p99_ms(peak.refusals),
        normal_p99_ms=_p99_ms(before.latencies),
        back_after_ms=back_after_ms(slices, calm, calm + _slices(phases[2:3])),
        means_ms=[round(_mean_ms(one), 2) for one in slices],
        refused_share=[round(_refused(one), 3) for one in slices],
    )


def back_after_ms(slices: list[Slice], calm: int, end: int) -> int:
    """calm: slices before the peak. end: the first one after it."""
    limit_ms = SLACK * max(_mean_ms(one) for one in slices[:calm])
    slow = [
        _mean_ms(one) > limit_ms or one.refused > 0 or not one.answered
        for one in slices[end:]
    ]
    calm_slices = round(CALM_S * 1_000 / SLICE_MS)
    for place in range(len(slow)):
        if not any(slow[place : place + calm_slices]):
            return place * SLICE_MS
    return len(slow) * SLICE_MS


def _slices(phases: list[Phase]) -> int:
    return round(sum(phase.seconds for phase in phases) * 1_000 / SLICE_MS)


def _mean_ms(one: Slice) -> float:
    return one.spent_us / one.answered / 1_000 if one.answered else 0.0


def _refused(one: Slice) -> float:
    asked = one.answered + one.refused
    return one.refused / asked if asked else 0.0


def _p99_ms(counts: Counts) -> float:
    return curve(counts)["99"] / 1_000 if counts else 0.0
