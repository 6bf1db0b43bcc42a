"""What `airside operators …` does: the first key of an installation, from a shell."""

import secrets
import sys
from pathlib import Path

from gateway.layout import opened_store
from ledger.clock import SystemClock
from services.principals import NewPrincipal, PrincipalKind, create_principal, issue_key


def add(data: Path, name: str) -> int:
    """The key goes to whoever runs this and is kept nowhere. Raises NoDataFolder."""
    new = NewPrincipal(kind=PrincipalKind.OPERATOR, name=name, channel="web")
    now_ms, random_bytes = SystemClock().now_ms(), secrets.token_bytes
    with opened_store(data) as store:
        operator = create_principal(store, new, random_bytes=random_bytes, now_ms=now_ms)
        key = issue_key(store, operator.id, random_bytes=random_bytes, now_ms=now_ms)
    sys.stdout.write(f"{operator.id}  operator, API key {key}\n")
    return 0
