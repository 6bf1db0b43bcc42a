"""A gateway in memory: one wallet, and of payments as much as a till can see.

The stories (till_stories.py) are told to it and to the real gateway, so it cannot lie for long.
"""

import json
from typing import Any

from ledger.clock import ManualClock
from terminals.gateway_answer import Answer

CODE_LIFE_MS = 60_000
START_MINOR = 125_000


class FakeGateway:
    """Implements the till's Gateway. codes: when each was drawn."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._payments: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, str] = {}
        self._answers: dict[str, tuple[Any, int, dict[str, Any]]] = {}
        self._bound: dict[str, tuple[Any, ...]] = {}
        self._barred: set[str] = set()
        self.codes: dict[str, int] = {}
        self.balance_minor = START_MINOR

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        assert timeout_ms > 0
        if path == "/v1/me":
            return _answer(200, _ME)
        payment = self._payments.get(path.rpartition("/")[2])
        return _answer(200, payment) if payment else _problem(404, "payment_not_found")

    async def post(self, path: str, body: Any, *, key: str, timeout_ms: int) -> Answer:
        assert timeout_ms > 0
        match path.removeprefix("/v1/payments").split("/")[1:]:
            case []:
                return self._once(key, body, self._pay)
            case ["lookup"]:
                return self._look_up(body)
            case ["reverse"]:
                return self._once(key, body, self._reverse)
            case [payment, move]:
                return self._once(key, [payment, move, body], self._follow)
            case _:
                raise AssertionError(path)

    def _once(self, key: str, body: Any, act: Any) -> Answer:
        if key in self._answers:
            asked, status, answered = self._answers[key]
            assert asked == body, "a till sends the same under the same key"
            return _answer(status, answered, replayed=True)
        status, answered, replayed = act(key, body)
        self._answers[key] = (body, status, dict(answered))
        return _answer(status, answered, replayed=replayed)

    def _pay(self, key: str, body: Any) -> tuple[int, dict[str, Any], bool]:
        code, minor = body["payer"]["code"], body["amount"]["amount_minor"]
        wanted = (body["order"], minor)
        if key in self._barred:
            return self._decline(key, body, "reversed_before_arrival", "12")
        if code in self._bound:
            bound, payment, first = self._bound[code]
            if bound == wanted:
                self._by_key[key] = payment
                return 201, first, True
            return self._decline(key, body, "code_used", "94")
        if self.codes[code] + CODE_LIFE_MS <= self._clock.now_ms():
            return self._decline(key, body, "code_expired", "54")
        if minor > self.balance_minor:
            return self._decline(key, body, "insufficient_funds", "51")
        self.balance_minor -= minor
        payment = self._open(key, body, "captured", captured_minor=minor)
        self._bound[code] = (wanted, payment["id"], dict(payment))
        return 201, payment, False

    def _decline(
        self, key: str, body: Any, reason: str, response_code: str
    ) -> tuple[int, dict[str, Any], bool]:
        decline = {
            "reason": reason,
            "response_code": response_code,
            "retriable": False,
            "text": "No.",
        }
        return 402, self._open(key, body, "declined", decline=decline), False

    def _open(self, key: str, body: Any, status: str, **more: Any) -> dict[str, Any]:
        payment = {
            "id": "pay_" + f"{len(self._payments):a>32}".translate(_DIGITS),
            "status": status,
            "amount": body["amount"],
            "captured_minor": 0,
            "refunded_minor": 0,
            "merchant": "mer_lounge",
            "merchant_name": "Pearl Lounge",
            "order": body["order"],
            "place": body["place"],
            "terminal": body["terminal"],
            "at": "2026-11-22T12:00:00.000Z",
            "decline": None,
        } | more
        self._payments[payment["id"]] = payment
        self._by_key[key] = payment["id"]
        return payment

    def _look_up(self, body: Any) -> Answer:
        if body["key"] in self._barred:
            return _problem(409, "reversed_before_arrival")
        if body["key"] not in self._by_key:
            return _problem(404, "payment_not_found")
        return _answer(200, self._payments[self._by_key[body["key"]]])

    def _reverse(self, _key: str, body: Any) -> tuple[int, dict[str, Any], bool]:
        if body["key"] not in self._by_key:
            self._barred.add(body["key"])
            return 200, {"outcome": "tombstoned", "payment": None}, False
        payment = self._payments[self._by_key[body["key"]]]
        if payment["status"] != "captured":
            return 200, {"outcome": "nothing_to_reverse", "payment": dict(payment)}, False
        self._give_back(payment, payment["captured_minor"] - payment["refunded_minor"])
        payment["status"] = "reversed"
        return 200, {"outcome": "reversed", "payment": dict(payment)}, False

    def _follow(self, _key: str, asked: Any) -> tuple[int, dict[str, Any], bool]:
        payment_id, _move, body = asked
        payment = self._payments[payment_id]
        left = payment["captured_minor"] - payment["refunded_minor"]
        minor = body.get("amount", {"amount_minor": left})["amount_minor"]
        if not 0 < minor <= left:
            answer = _problem(409, "exceeds_captured")
            return answer.status, json.loads(answer.body), False
        self._give_back(payment, minor)
        return 200, dict(payment), False

    def _give_back(self, payment: dict[str, Any], minor: int) -> None:
        payment["refunded_minor"] += minor
        self.balance_minor += minor


_DIGITS = str.maketrans("0123456789", "abcdefghij")
_ME = {
    "principal": "prn_till",
    "kind": "terminal",
    "merchant_name": "Pearl Lounge",
    "scopes": ["payments", "refunds"],
}


def _answer(status: int, body: Any, *, replayed: bool = False) -> Answer:
    return Answer(status, json.dumps(body).encode(), replayed)


def _problem(status: int, reason: str) -> Answer:
    return _answer(status, {"detail": "No.", "happened": "no", "reason": reason})
