"""A number is planted on a bank card, and looked for everywhere: it must be nowhere."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import logs
from gateway.cli import main
from terminals.bench_reader.emv_program import EmvProgram
from terminals.bench_reader.slot import InSlot
from tests.bench_reader.bench import NAME, Bench, Watched
from tests.bench_reader.road import Road
from tests.bench_reader.till import CardTill
from tests.gateway.cards import wallet_card
from tests.gateway.harness import AMIRA, House

PAN = "4111111111111111"
LONG_PAN = f"621234567890{3:07}"  # of 19 digits: the last one stands alone in its byte
PAR = "V0010013022298169667504231315"


def traces(pan: str) -> tuple[bytes, ...]:
    """The number as text, in groups, as it stands on the card, its digest, which anybody could
    search for all numbers, and its first twelve digits: no truncation of ours shows those.
    """
    digest = hashlib.sha256(pan.encode())
    grouped = re.sub(r"\d{4}(?=\d)", r"\g<0> ", pan)
    return (
        pan.encode(),
        grouped.encode(),
        grouped.replace(" ", "-").encode(),
        bytes.fromhex(pan + "F" * (len(pan) % 2)),
        digest.digest(),
        digest.hexdigest().encode(),
        base64.b64encode(digest.digest()),
        pan[:12].encode(),
    )


def artefacts(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()


async def linked(house: House, bench: Bench, card: EmvProgram) -> None:
    """At the wallet's desk, as an operator does it."""
    words = ["--account", AMIRA, "--data", house.config.data, "--reader", NAME]
    with bench.holding(card), pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["cards", "link", *words])
    assert ended.value.code == 0


async def swiped(till: CardTill, pan: str) -> str:
    """Where a code is wanted, with both tracks, and where an amount is. What the screen says."""
    reader = till.words.index("--reader")
    del till.words[reader : reader + 2]
    track_2 = f";{pan}=28121011000012345678?"
    track_1 = f"%B{pan}^TRAVELLER/AMIRA^28121011000012345678?"
    keys = f"{track_2}\n{track_1}{track_2}\n{pan}\n"
    code, screen = await till.take("20.00", keys=keys)
    assert code == 4
    _, typed = await till.open(f"{track_2}\n{track_1}\n{pan}\n")
    return screen + typed


async def sold_after(house: House, bench: Bench, till: CardTill, card: EmvProgram) -> str:
    """A bank card is laid on the reader, then a wallet card. What the screen says."""
    _, wallet = await wallet_card(house)
    watched = Watched(card)
    slot = InSlot(watched, bench.daemon.slots[0])
    selling = asyncio.create_task(till.take("20.00"))
    await asyncio.to_thread(watched.released.wait)
    await asyncio.to_thread(slot.pull)
    with bench.holding(wallet):
        code, screen = await selling
    assert code == 0
    return screen


@pytest.mark.parametrize(("pan", "par"), [(PAN, PAR), (LONG_PAN, "")])
async def test_a_planted_number_is_nowhere(
    funded: House,
    bench: Bench,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    pan: str,
    par: str,
) -> None:
    """Linked, tapped and swiped."""
    logs.configure("debug")
    caplog.set_level("DEBUG")
    planted = EmvProgram(pan, "2812", par=par)
    till = CardTill(funded, bench, tmp_path)
    await linked(funded, bench, planted)
    async with Road(funded) as road:
        till.words[till.words.index(funded.base)] = road.base
        screen = await sold_after(funded, bench, till, planted)
        screen += await swiped(till, pan)

    assert f"A bank card, **** {pan[-4:]}: its holder has a wallet here" in screen
    assert "not a wallet card of ours" in screen
    assert screen.count("bank cards are not swiped here") >= 2, "both stripes"
    said = capfd.readouterr()
    assert f"**** {pan[-4:]}, 2028-12: tok_" in said.out
    seen = {
        "screen": screen.encode(),
        "log": (said.out + said.err + caplog.text).encode(),
        "sent": road.sent,
        "metrics": (await funded.operator.get("/metrics")).raw,
        "linked": (await funded.amira.get(f"/v1/accounts/{AMIRA}/linked-cards")).raw,
        **dict(artefacts(tmp_path, bench.daemon.socket.parent)),
    }
    assert {"store.sqlite", "journal.sqlite", "pcscd.log"} <= {Path(n).name for n in seen}
    assert b"/v1/linked-cards/recognise" in road.sent
    for name, content in seen.items():
        assert not any(trace in content for trace in traces(pan)), name


async def test_a_card_that_no_wallet_knows_is_said_to_be_unknown(
    funded: House, bench: Bench, tmp_path: Path
) -> None:
    till = CardTill(funded, bench, tmp_path)

    screen = await sold_after(funded, bench, till, EmvProgram(PAN, "2812"))

    assert "A bank card, **** 1111: unknown." in screen


async def test_what_was_planted_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "leak").write_bytes(b"x" + bytes.fromhex(PAN))

    [(_, content)] = artefacts(tmp_path)

    assert any(trace in content for trace in traces(PAN))
