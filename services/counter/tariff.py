"""The tariff of excess baggage, as data: what each bag above the allowance costs, and its code.

    {"name": "…", "airline_code": "000", "utc_offset_min": 180, "carry_max_kg": 32,
     "items": {"ski": {"en": "Skis"}},
     "tiers": {"gold": {"pieces": 1, "kg": 20}},
     "zones": {"gulf": ["DOH", "MCT"], "europe": ["LHR"]},
     "routes": [{"from": ["gulf"], "to": ["europe"], "currency": "QAR", "rules": [
        {"charge": "piece", "rfisc": "0IJ", "amount_minor": 30000, "text": {"en": "Extra bag"},
         "first": 1, "last": 1, "tiers": ["gold"]}]}]}

The first route that fits is taken, and in it the first rule that fits; order says what is special
and what is general. All of a route is in one currency, so a quote has one sum. RFIC is always C,
baggage; RFISC codes are the airline's own data, `[A-Z0-9]{3}`, never a list in the code.
docs/counter.md explains each field.

What is wrong with a file is said with its field and its value: a price that is read wrongly is
charged a thousand times before anybody looks.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ledger.money import AMOUNT_MINOR_MAX, UnknownCommodity, exponent
from services.counter.departures import BAG

RFIC = "C"
DEMO_TARIFF = Path(__file__).with_name("demo_tariff.json")
# A big airline has some dozen routes of some ten rules.
RULES_MAX = 200
SHOWN_MAX = 48
ANY = "*"

Rfisc = Annotated[str, Meta(pattern="^[A-Z0-9]{3}$")]
Airport = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Name = Annotated[str, Meta(pattern="^[a-z0-9_-]{1,24}$")]
ZoneName = Annotated[str, Meta(pattern=r"^([a-z0-9_-]{1,24}|\*)$")]
Text = dict[Annotated[str, Meta(pattern="^[a-z]{2}$")], Annotated[str, Meta(min_length=1)]]
Minor = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
Nth = Annotated[int, Meta(ge=1, le=99)]
Kg = Annotated[int, Meta(ge=0, le=999)]


class TariffUnusable(ValueError):
    """The file is not a tariff; whoever wrote it is to blame, and nothing is priced by it."""

    def __init__(self, field: str, value: object, why: str) -> None:
        shown = json.dumps(value, ensure_ascii=False)[:SHOWN_MAX]
        super().__init__(f"tariff: {field} is {shown}: {why}")
        self.field = field


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One object of the file."""


class _Rule(_Data, frozen=True, kw_only=True, tag_field="charge"):
    """tiers: whom it is for; empty for everybody."""

    rfisc: Rfisc
    amount_minor: Minor
    text: Text
    tiers: tuple[Name, ...] = ()


class PieceRule(_Rule, frozen=True, kw_only=True, tag="piece"):
    """For each piece above the allowance, from the first-th to the last-th such piece."""

    first: Nth = 1
    last: Nth = 99


class HeavyRule(_Rule, frozen=True, kw_only=True, tag="heavy"):
    """For each piece that weighs more than a piece may, and no more than this."""

    up_to_kg: Kg


class KilogramRule(_Rule, frozen=True, kw_only=True, tag="kilogram"):
    """For each kilogram, begun or whole, above a weight allowance."""


class ItemRule(_Rule, frozen=True, kw_only=True, tag="item"):
    """For each such item, whatever the allowance."""

    item: Name


Rule = PieceRule | HeavyRule | KilogramRule | ItemRule


class TierRule(_Data, frozen=True, kw_only=True):
    """What a tier adds to the fare's allowance: of the one kind or of the other."""

    pieces: Kg = 0
    kg: Kg = 0


class Lane(
    _Data, frozen=True, kw_only=True, rename={"origins": "from", "destinations": "to"}
):
    """origins, destinations: names of zones, or `*` for everywhere."""

    origins: tuple[ZoneName, ...]
    destinations: tuple[ZoneName, ...]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=RULES_MAX)]


class Tariff(_Data, frozen=True, kw_only=True):
    """utc_offset_min: of the counters: until their midnight an EMD can be voided."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    airline_code: Annotated[str, Meta(pattern="^[0-9]{3}$")]
    utc_offset_min: Annotated[int, Meta(ge=-720, le=840)]
    carry_max_kg: Annotated[int, Meta(ge=1, le=999)]
    items: dict[Name, Text] = {}
    tiers: dict[Name, TierRule] = {}
    zones: dict[Name, tuple[Airport, ...]]
    routes: Annotated[tuple[Lane, ...], Meta(min_length=1, max_length=RULES_MAX)]

    def lane(self, origin: str, destination: str) -> Lane | None:
        """The first that fits."""
        for lane in self.routes:
            if self._within(origin, lane.origins) and self._within(
                destination, lane.destinations
            ):
                return lane
        return None

    def _within(self, airport: str, zones: tuple[str, ...]) -> bool:
        return any(zone == ANY or airport in self.zones[zone] for zone in zones)


def read_tariff(path: Path) -> Tariff:
    """Raises TariffUnusable, OSError."""
    return parse_tariff(path.read_bytes())


def parse_tariff(content: bytes) -> Tariff:
    """Raises TariffUnusable."""
    try:
        raw = json.loads(content)
    except ValueError as error:
        raise TariffUnusable(
            "$", content[:SHOWN_MAX].decode(errors="replace"), str(error)
        ) from None
    try:
        tariff = msgspec.convert(raw, Tariff)
    except msgspec.ValidationError as error:
        raise _unusable(raw, str(error)) from None
    _require_known_names(tariff)
    return tariff


def _require_known_names(tariff: Tariff) -> None:
    """What one part names, another part must have."""
    if BAG in tariff.items:
        raise TariffUnusable("$.items", BAG, "a bag is no special item")
    for i, lane in enumerate(tariff.routes):
        at = f"$.routes[{i}]"
        try:
            exponent(lane.currency)
        except UnknownCommodity as error:
            raise TariffUnusable(f"{at}.currency", lane.currency, str(error)) from None
        for side, zones in (("from", lane.origins), ("to", lane.destinations)):
            for k, zone in enumerate(zones):
                if zone != ANY and zone not in tariff.zones:
                    raise TariffUnusable(
                        f"{at}.{side}[{k}]", zone, "no such zone in $.zones"
                    )
        for j, rule in enumerate(lane.rules):
            _require_rule(tariff, rule, f"{at}.rules[{j}]")


def _require_rule(tariff: Tariff, rule: Rule, at: str) -> None:
    if "en" not in rule.text:
        raise TariffUnusable(
            f"{at}.text", rule.text, "it has no English, which every receipt needs"
        )
    for k, tier in enumerate(rule.tiers):
        if tier not in tariff.tiers:
            raise TariffUnusable(f"{at}.tiers[{k}]", tier, "no such tier in $.tiers")
    match rule:
        case PieceRule() if rule.last < rule.first:
            raise TariffUnusable(
                f"{at}.last", rule.last, f"it is before first, {rule.first}"
            )
        case ItemRule() if rule.item not in tariff.items:
            raise TariffUnusable(f"{at}.item", rule.item, "no such item in $.items")
        case _:
            pass


def _unusable(raw: Any, error: str) -> TariffUnusable:
    """What was expected, and where, is said already; what stands there is looked up."""
    why, _, place = error.partition(" - at ")
    field = place.strip("`") or "$"
    value = raw
    for step in re.findall(r"\.(\w+)|\[(\d+)\]", field):
        name, index = step
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            break
    return TariffUnusable(field, value, why)
