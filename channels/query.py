"""What stands behind the `?` of a request, read with a bound."""

from channels.problem import bad_field
from channels.route import Call


def number(call: Call, name: str, *, default: int, most: int) -> int:
    """Raises Problem 400, naming the parameter."""
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 16 or int(text) > most:
        raise bad_field(
            name, f"{name} must be a whole number up to {most}, not {text[:32]!r}."
        )
    return int(text)
