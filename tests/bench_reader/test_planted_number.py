"""A number is planted on a bank card, and looked for everywhere: it must be nowhere."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.keyring import open_keyring
from terminals.bench_reader.emv_program import EmvProgram
from terminals.bench_reader.slot import InSlot
from terminals.emv_card import read_bank_card
from terminals.pan import multiplied, scalar_of
from tests.bench_reader.bench import Bench, Watched
from tests.bench_reader.till import CardTill
from tests.card_in_hand import Link
from tests.gateway.cards import wallet_card
from tests.gateway.harness import AMIRA, House

PAN = "4111111111111111"
PAR = "V0010013022298169667504231315"
# The number, as text, as it stands on the card, and its first twelve digits: no truncation of ours
# shows those.
TRACES = (PAN.encode(), bytes.fromhex(PAN), PAN[:12].encode(), f"{PAN}=2812".encode())


def token_of(house: House, card: EmvProgram) -> str:
    keyring = open_keyring(Path(house.config.data), random_bytes=bytes)
    key = scalar_of(keyring.card_token_secret())
    bank = read_bank_card(Link(card))
    return bank.token(lambda point: multiplied(key, point), lambda count: b"7" * count)


def artefacts(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()


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


@pytest.mark.parametrize("par", ["", PAR])
async def test_a_planted_number_is_nowhere(
    funded: House,
    bench: Bench,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    par: str,
) -> None:
    caplog.set_level("DEBUG")
    planted = EmvProgram(PAN, "2812", par=par)
    link = {"token": token_of(funded, planted), "masked": "**** 1111", "expiry": "2028-12"}
    path = f"/v1/accounts/{AMIRA}/linked-cards"
    assert (await funded.amira.post(path, link, key=None)).status == 201

    till = CardTill(funded, bench, tmp_path)
    screen = await sold_after(funded, bench, till, planted)

    assert "A bank card, **** 1111: its holder has a wallet here" in screen
    assert "not a wallet card of ours" in screen
    said = capfd.readouterr()
    seen = {
        "screen": screen.encode(),
        "log": (said.out + said.err + caplog.text).encode(),
        "metrics": (await funded.operator.get("/metrics")).raw,
        "linked": (await funded.amira.get(path)).raw,
        **dict(artefacts(tmp_path, bench.daemon.socket.parent)),
    }
    assert {"store.sqlite", "journal.sqlite", "pcscd.log"} <= {Path(n).name for n in seen}
    for name, content in seen.items():
        assert not any(trace in content for trace in TRACES), name


async def test_a_card_that_no_wallet_knows_is_said_to_be_unknown(
    funded: House, bench: Bench, tmp_path: Path
) -> None:
    till = CardTill(funded, bench, tmp_path)

    screen = await sold_after(funded, bench, till, EmvProgram(PAN, "2812"))

    assert "A bank card, **** 1111: unknown." in screen


async def test_what_was_planted_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "leak").write_bytes(b"x" + bytes.fromhex(PAN))

    [(_, content)] = artefacts(tmp_path)

    assert any(trace in content for trace in TRACES)
