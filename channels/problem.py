"""Problems: every refusal that is not a decline, as RFC 9457 `application/problem+json`.

Each says in one sentence what is wrong, names the field, and says whether anything happened.
"""

from ledger.clock import SECOND_MS
from ledger.errors import Happened


class Problem(Exception):
    """name becomes the `type` (/problems/<name>); extra members stand beside the standard ones."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        field: str | None = None,
        happened: Happened = Happened.NO,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {name}")
        self.status = status
        self.name = name
        self.detail = detail
        self.field = field
        self.happened = happened
        self.extra = extra or {}

    @property
    def title(self) -> str:
        return self.name.replace("-", " ").capitalize()

    @property
    def body(self) -> dict[str, object]:
        return {
            "type": f"/problems/{self.name}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "field": self.field,
            "happened": self.happened.value,
            **self.extra,
        }


def not_found(what: str, shown: str, field: str = "id") -> Problem:
    return Problem(404, "not-found", f"There is no {what} {shown[:48]!r}.", field=field)


def key_reused(what: str) -> Problem:
    return Problem(
        422,
        "idempotency-key-reused",
        f"This Idempotency-Key came with another {what} before. Use a new key.",
        field="Idempotency-Key",
    )


def forbidden(detail: str, field: str) -> Problem:
    return Problem(403, "forbidden", detail, field=field)


def too_often(what: str, wait_ms: int) -> Problem:
    """what: a sentence."""
    wait_s = -(-wait_ms // SECOND_MS)
    extra: dict[str, object] = {"retry_after_s": wait_s}
    return Problem(429, "too-often", f"{what} Try again in {wait_s} s.", extra=extra)


def bad_field(field: str, detail: str) -> Problem:
    return Problem(400, "bad-request", detail, field=field)
