"""The JSON of flights. What tills tell is not JSON: it is their journal's own records."""

from typing import Annotated, Literal

from msgspec import Meta, field

from channels.wire import (
    AccountText,
    Amount,
    AmountView,
    Currency,
    In,
    MerchantText,
    Minor,
    Out,
)

FlightNumber = Annotated[str, Meta(pattern="^[A-Z0-9]{2,3}[0-9]{1,4}[A-Z]?$")]
Date = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Airport = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
StaffNumber = Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,16}$")]
SkuText = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,16}$")]
ShortText = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, Meta(ge=0, le=7 * 86_400)]
TillNumber = Annotated[str, Meta(pattern="^[1-9][0-9]{0,2}$")]
Stock = Annotated[int, Meta(ge=0, le=10_000)]
# 32 bytes of Ed25519.
PublicKeyText = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{43}=$")]


class LegBody(In, frozen=True):
    origin: Airport
    destination: Airport


class ArticleBody(In, frozen=True):
    """stock: how many each till carries, by its number."""

    sku: SkuText
    name: ShortText
    category: ShortText
    price_minor: Minor
    stock: dict[TillNumber, Stock] = field(default_factory=dict)


class PolicyBody(In, frozen=True):
    deny_age_max_s: Seconds = 36 * 3600
    split_window_s: Seconds = 300
    frame_age_max_s: Seconds = 900


class RulesBody(In, frozen=True):
    valid_s: Annotated[int, Meta(ge=3600, le=7 * 86_400)] = 48 * 3600
    report_s: Annotated[int, Meta(ge=60, le=7 * 86_400)] = 48 * 3600
    sale_max_minor: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    spent_twice: Literal["risk", "passenger"] = "passenger"
    policy: PolicyBody = PolicyBody()


class FlightBody(In, frozen=True):
    """risk_account: pays for what the passenger does not owe. crew: staff numbers, no names."""

    number: FlightNumber
    date: Date
    legs: Annotated[list[LegBody], Meta(min_length=1, max_length=8)]
    aircraft: Annotated[str, Meta(pattern="^[A-Z0-9-]{2,10}$")]
    merchant: MerchantText
    currency: Currency
    risk_account: AccountText
    articles: Annotated[list[ArticleBody], Meta(min_length=1, max_length=500)]
    crew: Annotated[list[StaffNumber], Meta(max_length=40)] = field(default_factory=list)
    rules: RulesBody = RulesBody()


class MoveBody(In, frozen=True):
    to: Literal["open", "boarded", "airborne", "landed"]


class TillBody(In, frozen=True):
    name: ShortText
    public_key: PublicKeyText


class SetAsideBody(In, frozen=True):
    """public_key: of the phone; the private half never leaves it."""

    amount: Amount
    public_key: PublicKeyText


class FlightView(Out, frozen=True):
    id: str
    number: str
    date: str
    legs: list[str]
    aircraft: str
    currency: str
    status: str
    merchant: str
    tills: int


class FlightsView(Out, frozen=True):
    flights: list[FlightView]


class ArticleView(Out, frozen=True):
    sku: str
    name: str
    category: str
    price_minor: int


class GapView(Out, frozen=True):
    """Sequences that nobody has told, both ends included. last: null after the landing, when nobody
    knows where the till's journal ends.
    """

    first: int
    last: int | None


class TillView(Out, frozen=True):
    """reported: its whole journal is here, up to the entry that says that it is the last, and there
    is no other story. two_stories: entries of which there are several. lost: of what was given,
    what no till that has reported took.
    """

    number: int
    name: str
    entries: int
    missing: list[GapView]
    two_stories: list[int]
    reported: bool
    told_at: str | None
    sales: int
    sold_minor: int
    given_minor: int
    taken_minor: int
    lost_minor: int


class CategoryView(Out, frozen=True):
    category: str
    articles: int
    amount_minor: int


class CaseView(Out, frozen=True):
    id: str
    flight: str
    kind: str
    text: str
    till: int
    entry: int
    allowance: str | None
    opened_at: str
    closed_at: str | None


class ReportView(Out, frozen=True):
    """sold = captured + risk + unpaid + pending. ties: that, and the ledger agrees. complete: every
    till has told all that it did.
    """

    flight: FlightView
    moved: dict[str, str]
    report_until: str | None
    complete: bool
    ties: bool
    allowances: int
    set_aside_minor: int
    sold_minor: int
    captured_minor: int
    risk_minor: int
    unpaid_minor: int
    pending_minor: int
    held_minor: int
    released_minor: int
    categories: list[CategoryView]
    tills: list[TillView]
    cases: list[CaseView]


class JoinedView(Out, frozen=True):
    flight: str
    number: int
    name: str


class ToldView(Out, frozen=True):
    """new, known, refused: entries of this upload. damaged_bytes: that were none. tills: how far
    each till's journal is here: what need not be sent again.
    """

    new: int
    known: int
    refused: int
    damaged_bytes: int
    tills: list[TillView]


class AllowanceView(Out, frozen=True):
    """code: what the phone shows, signed by the gateway, in base64; null unless it is open."""

    id: str
    flight: str
    flight_number: str
    status: str
    amount: AmountView
    valid_until: str
    payment: str | None
    code: str | None
    decline: str | None
    at: str


class AllowancesView(Out, frozen=True):
    allowances: list[AllowanceView]
