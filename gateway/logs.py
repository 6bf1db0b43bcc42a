"""Structured logs, one JSON object a line on standard error.

Messages are static, values are fields, and no field carries a body, a key or a code. Nothing that
an outsider can do produces an `error` line: that word is for what should never happen.
"""

import logging
import sys
from contextlib import suppress
from typing import TextIO

import structlog

_SECRET_FIELDS = frozenset({"key", "api_key", "authorization", "code", "payload", "token"})


def configure(level: str) -> None:
    lossy = _Lossy(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(level.upper())
        ),
        logger_factory=lambda *_: lossy,
        cache_logger_on_first_use=True,
    )
    logging.getLogger().addHandler(_Lines(logging.WARNING))


class _Lossy:
    """Loses the line that cannot be written: where logs go may be full, or gone, and whatever logs
    that something failed would fail of that, and end.
    """

    def __init__(self, file: TextIO) -> None:
        self._lines = structlog.PrintLogger(file)

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it was closed
            self._lines.msg(line)

    log = debug = info = warning = warn = error = err = critical = failure = exception = msg


class _Lines(logging.Handler):
    """What libraries log becomes a line of ours: its template, without what would fill it in, for
    that may be what a caller sent.
    """

    def emit(self, record: logging.LogRecord) -> None:
        get(record.name).log(record.levelno, str(record.msg), exc_info=record.exc_info)


def _mask(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Closed by default: a field with a secret's name never leaves, whatever it holds."""
    return {
        name: "****" if name in _SECRET_FIELDS else value for name, value in fields.items()
    }


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
