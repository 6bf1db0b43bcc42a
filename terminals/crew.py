"""`airside crew`: the till of a trolley. Joins a flight, sells with no network, tells what it sold.

Selling needs the folder and nothing else. Other tills of the cabin are asked when they can be
heard: for what they have seen, and for a part of their share when a passenger has spent this one's.
"""

import argparse
import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from ledger.clock import SECOND_MS
from ledger.money import Money
from terminals.crew_options import ROOT
from terminals.gateway_answer import NoAnswer
from terminals.gateway_client import GatewayClient, UnusableUrl, checked_url
from terminals.inflight.cabin_link import CabinLink
from terminals.inflight.crew_folder import (
    ClockWrong,
    CrewFolder,
    Joined,
    NotReady,
    OtherFlight,
    folder_of,
    latest_folder,
)
from terminals.inflight.crew_page import CrewPage, CrewState, crew_state
from terminals.inflight.crew_till import Accepted, CrewTill, NotThisTill, TillStopped
from terminals.inflight.entry import REQUEST_BYTES, Line
from terminals.inflight.frame import FRAME_PREFIX, read_frame
from terminals.inflight.gift import AskedShare
from terminals.inflight.log_file import LogDamaged, LogInUse
from terminals.inflight.plan import PlanRefused
from terminals.inflight.records import Damage, record, records
from terminals.inflight.refusal import Reason, Refusal
from terminals.pos import Console
from terminals.pos_screen import Screen, unechoed, wants_colour
from terminals.pos_start import CannotStart, read_key
from terminals.scanner import ImageScanner, ScanExtraMissing, ScanRefused, open_eyes
from terminals.till_proof import ApiKey

NOT_DONE = 1
STOPPED = 2
# Of one upload: below what a gateway takes by default, so that no setting is needed.
UPLOAD_BYTES_MAX = 12 * 1024
TIMEOUT_MS = 30 * SECOND_MS

_EXPLAINED = (
    CannotStart,
    ClockWrong,
    LogDamaged,
    LogInUse,
    NotReady,
    NotThisTill,
    OtherFlight,
    PlanRefused,
    ScanExtraMissing,
    UnusableUrl,
)


class NotAnswered(Exception):
    """The gateway refused, or was silent; nothing is lost, and it may be asked again."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the gateway did not do it: {why}")


def run_crew(options: argparse.Namespace, console: Console) -> int:
    """Returns the exit code."""
    screen = Screen(console.out, colour=wants_colour(console.out, console.environ))
    commands: dict[str, Callable[..., Awaitable[int]]] = {
        "join": _join,
        "load": _load,
        "sell": _sell,
        "tell": _tell,
    }
    try:
        return asyncio.run(_awaited(commands[options.what](options, console, screen)))
    except (*_EXPLAINED, NotAnswered) as error:
        screen.says(error)
    except TillStopped as error:
        screen.says(error)
        return STOPPED
    except OSError as error:
        screen.says(f"{error.filename or 'disk'}: {error.strerror}")
    return NOT_DONE


async def _awaited(command: Awaitable[int]) -> int:
    return await command


async def _join(options: argparse.Namespace, console: Console, screen: Screen) -> int:
    folder = CrewFolder(options.state or folder_of(ROOT, options.flight))
    # Before the gateway is asked: it would have a till for good that has no folder.
    folder.require_free_for(options.flight)
    public = folder.key(secrets.token_bytes).public_key().public_bytes_raw()
    url = checked_url(options.url)
    body = {"name": options.name, "public_key": base64.b64encode(public).decode()}
    path = f"/v1/flights/{options.flight}/tills"
    async with _client(url, options, console) as gateway:
        raw = await _asked(gateway.post(path, body, key="", timeout_ms=TIMEOUT_MS))
    folder.join(Joined(options.flight, url))
    screen.line(f"This till is number {msgspec.json.decode(raw)['number']} of the flight.")
    return 0


async def _load(options: argparse.Namespace, console: Console, screen: Screen) -> int:
    folder = _folder(options)
    joined = folder.joined()
    path = f"/v1/flights/{joined.flight}/plan"
    async with _client(options.url or joined.url, options, console) as gateway:
        content = await _asked(gateway.get(path, timeout_ms=TIMEOUT_MS))
    plan = folder.load(content, console.clock)
    screen.line(
        f"{plan.number} of {plan.date}: {len(plan.devices)} tills, "
        f"{len(plan.articles)} articles, {len(plan.denied)} on the deny list."
    )
    return 0


async def _tell(options: argparse.Namespace, console: Console, screen: Screen) -> int:
    folder = _folder(options)
    joined = folder.joined()
    path = f"/v1/flights/{joined.flight}/entries"
    found = list(records(folder.to_tell()))
    async with _client(options.url or joined.url, options, console) as gateway:
        for piece in _pieces(raw for raw in found if isinstance(raw, bytes)):
            raw = await _asked(gateway.tell(path, piece, timeout_ms=TIMEOUT_MS))
            told = msgspec.json.decode(raw)
            folder.mark_told({till["number"]: _whole(till) for till in told["tills"]})
            screen.line(
                f"{told['new']} new, {told['known']} known, {told['refused']} refused."
            )
    damaged = sum(damage.length for damage in found if isinstance(damage, Damage))
    if damaged:
        screen.line(
            f"{damaged} bytes are damaged, and stay in the folder: show them to a person."
        )
    return 0


def _whole(till: dict[str, Any]) -> int:
    """How many entries from the first on the gateway has got."""
    gaps: list[dict[str, int]] = till["missing"]
    return gaps[0]["first"] - 1 if gaps else int(till["entries"])


def _pieces(raws: Iterable[bytes]) -> list[bytes]:
    """Whole records, as many as go at once."""
    pieces: list[bytes] = []
    for raw in map(record, raws):
        if pieces and len(pieces[-1]) + len(raw) <= UPLOAD_BYTES_MAX:
            pieces[-1] += raw
        else:
            pieces.append(raw)
    return pieces


def _folder(options: argparse.Namespace) -> CrewFolder:
    """Raises NotReady."""
    return CrewFolder(options.state or latest_folder(ROOT))


def _client(url: str, options: argparse.Namespace, console: Console) -> GatewayClient:
    key = ApiKey(read_key(options.key_file, console.environ))
    return GatewayClient(checked_url(url), key)


async def _asked(answer: Awaitable[object]) -> bytes:
    """Raises NotAnswered."""
    try:
        got = await answer
    except NoAnswer:
        raise NotAnswered("no answer") from None
    status, body = got.status, got.body  # type: ignore[attr-defined]
    if status >= 300:
        problem = msgspec.json.decode(body) if body[:1] == b"{" else {}
        raise NotAnswered(str(problem.get("detail", f"HTTP {status}")))
    content: bytes = body
    return content


# In the air


async def _sell(options: argparse.Namespace, console: Console, screen: Screen) -> int:
    folder = _folder(options)
    till, hearing = folder.open(console.clock)
    if options.image:
        open_eyes()
    if hearing.damaged_bytes:
        screen.line(
            f"{hearing.damaged_bytes} bytes of what was heard are damaged, and left out."
        )

    def state() -> CrewState:
        return crew_state(till, hearing, console.clock, folder.told())

    link = CabinLink(till, hearing, options.peer)
    if options.listen:
        port = await link.listen(*options.listen)
        screen.line(f"Listening on port {port}.")
    page = CrewPage(state)
    if options.page:
        port = await page.listen(*options.page)
        screen.line(f"The crew's page: http://{options.page[0]}:{port}/")
    counter = _Counter(options, console, screen, till=till, state=state, link=link)
    # Before the first sale: if this till was set back, one of the others knows.
    await link.hear()
    background = asyncio.create_task(link.keep_hearing(console.sleep))
    try:
        return await counter.serve()
    finally:
        background.cancel()
        with suppress(asyncio.CancelledError):
            await background
        await link.close()
        await page.close()
        folder.close()


class _Counter:
    """The crew's prompt."""

    def __init__(
        self,
        options: argparse.Namespace,
        console: Console,
        screen: Screen,
        *,
        till: CrewTill,
        state: Callable[[], CrewState],
        link: CabinLink,
    ) -> None:
        self._options = options
        self._console = console
        self._screen = screen
        self._till = till
        self._state = state
        self._link = link

    async def serve(self) -> int:
        plan, device = self._till.plan, self._till.device
        self._screen.line(f"{plan.number} · {device.name} · {plan.currency} · offline")
        while True:
            self._screen.prompt("sell> ")
            line = await asyncio.to_thread(self._console.keys.readline)
            if not line:
                return 0
            match line.split():
                case []:
                    continue
                case ["close"]:
                    self._till.close()
                    self._screen.line("Closed. Tell it on the ground: airside crew tell")
                case ["totals"]:
                    self._totals()
                case words:
                    await self._sale(words)

    async def _sale(self, words: list[str]) -> None:
        lines = read_basket(words)
        price_minor = self._till.price(lines)
        if not lines or not price_minor:
            self._screen.line("Type articles of the plan: coffee, or coffee x2 water")
            return
        self._screen.line(f"{self._money(price_minor)}. Scan the passenger's code.")
        text = await self._scan()
        if text is None:
            return
        verdict = self._till.sell(text, lines)
        if isinstance(verdict, Refusal) and verdict.reason is Reason.SHARE_SPENT:
            verdict = await self._with_others(text, lines, price_minor, verdict)
        self._show(verdict)

    async def _with_others(
        self, text: str, lines: tuple[Line, ...], price_minor: int, refusal: Refusal
    ) -> Accepted | Refusal:
        """Ask the tills that can be heard for what is missing, then try once more."""
        missing_minor = price_minor - (refusal.left_minor or 0)
        frame = read_frame(text, self._till.plan.keys)
        request = self._till.ask_share(
            AskedShare(
                self._till.plan.flight,
                self._till.device.number,
                frame.sealed,
                missing_minor,
                secrets.token_bytes(REQUEST_BYTES),
            )
        )
        if not await self._link.fetch_share(request):
            return refusal
        return self._till.sell(text, lines)

    async def _scan(self) -> str | None:
        try:
            if self._options.image:
                return ImageScanner(self._options.image, FRAME_PREFIX).scan()
            with unechoed(self._console.keys):
                line = await asyncio.to_thread(self._console.keys.readline)
            return line.strip("\r\n") or None
        except (ScanRefused, OSError) as error:
            self._screen.says(error)
            return None

    def _show(self, verdict: Accepted | Refusal) -> None:
        if isinstance(verdict, Refusal):
            self._screen.line(f"REFUSED. {verdict.reason.text}")
            if verdict.left_minor is not None:
                self._screen.line(f"Left at this till: {self._money(verdict.left_minor)}")
            return
        again = " It was sold before." if verdict.replayed else ""
        amount = self._money(verdict.sale.sold.amount_minor)
        self._screen.line(f"SOLD {amount} (entry {verdict.sale.seq}).{again}")

    def _totals(self) -> None:
        state = self._state()
        for till in state.tills:
            forked = " TELLS TWO STORIES" if till.forked else ""
            own = " (this one)" if till.own else ""
            total = self._money(till.sold_minor)
            self._screen.line(f"{till.name}{own}: {till.sales} sales, {total}{forked}")
        self._screen.line(f"{state.backlog} entries to tell.")

    def _money(self, minor: int) -> Money:
        return Money(minor, self._till.plan.currency)


def read_basket(words: list[str]) -> tuple[Line, ...]:
    """`coffee x2 water` is two coffees and a water; nothing at all for what cannot be read."""
    lines: list[Line] = []
    for word in words:
        count = word[1:]
        if lines and word[:1] == "x" and count.isdigit() and 0 < int(count) < 1000:
            lines[-1] = Line(lines[-1].sku, int(count))
        else:
            lines.append(Line(word, 1))
    return tuple(lines)
