"""From the registry to the JSON of the API."""

from collections.abc import Sequence

import msgspec

from channels.terminal_wire import (
    SettingsView,
    TerminalKeyView,
    TerminalView,
    TerminalWithKeysView,
)
from channels.views import Names
from ledger.time_text import time_text
from services.terminal_keys import TerminalKey
from services.terminals import Terminal


class TerminalViews:
    def __init__(self, names: Names) -> None:
        self._names = names

    async def one(self, terminal: Terminal) -> TerminalView:
        [view] = await self.many([terminal])
        return view

    async def many(self, terminals: Sequence[Terminal]) -> list[TerminalView]:
        await self._names.learn_merchants({one.merchant for one in terminals})
        return [self._view(one) for one in terminals]

    async def with_keys(
        self, terminal: Terminal, keys: Sequence[TerminalKey]
    ) -> TerminalWithKeysView:
        view = await self.one(terminal)
        return TerminalWithKeysView(
            **msgspec.structs.asdict(view), keys=[_key(one) for one in keys]
        )

    def _view(self, terminal: Terminal) -> TerminalView:
        return TerminalView(
            id=terminal.id,
            tid=terminal.tid,
            name=terminal.name,
            place=terminal.place,
            merchant=terminal.merchant,
            merchant_name=self._names.merchant(terminal.merchant),
            channel=terminal.channel,
            status=terminal.status.value,
            principal=terminal.principal,
            software=terminal.software,
            backlog=terminal.backlog,
            last_sequence=terminal.last_sequence,
            clock_off_ms=terminal.clock_off_ms,
            last_seen_at=_time(terminal.last_seen_ms),
            created_at=time_text(terminal.created_at_ms),
            suspended_at=_time(terminal.disabled_at_ms),
            message_key=max(0, terminal.mac_generation) or None,
            settings=settings_view(terminal),
        )


def settings_view(terminal: Terminal) -> SettingsView:
    settings = terminal.settings
    return SettingsView(
        version=terminal.settings_version,
        limits=settings.limits,
        deny=list(settings.deny),
        keys=settings.keys,
    )


def _key(key: TerminalKey) -> TerminalKeyView:
    return TerminalKeyView(key.id, time_text(key.created_at_ms), _time(key.expires_at_ms))


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else time_text(at_ms)
