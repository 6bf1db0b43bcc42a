"""What `airside ledger verify` prints: the verdict, what was found, what is under way."""

from ledger.finding import EVERYWHERE, NO_ENTRY, Finding, Report
from ledger.money import format_minor
from ledger.posting import commodity_of


def verify_text(report: Report) -> str:
    """A few lines, the first of them the verdict; the caller's exit status is report.sound."""
    counted = (
        f"{_many(report.entries, 'entry', 'entries')} of"
        f" {_many(report.accounts, 'account', 'accounts')} in"
        f" {_many(report.partitions, 'partition', 'partitions')}"
    )
    if report.sound:
        return "\n".join([f"Sound: {counted}.", *_under_way(report)])
    found = len(report.findings) + report.unlisted
    lines = [f"Broken: {_many(found, 'finding', 'findings')} in {counted}."]
    lines += [_line(finding) for finding in report.findings]
    if report.unlisted:
        lines.append(f"… and {report.unlisted:,} more.")
    return "\n".join([*lines, *_under_way(report)])


def _line(finding: Finding) -> str:
    if finding.partition == EVERYWHERE:
        where = "all partitions"
    elif finding.seq == NO_ENTRY:
        where = f"partition {finding.partition}"
    else:
        where = f"partition {finding.partition}, entry {finding.seq}"
    return f"{where}: {finding.sentence} [{finding.invariant}]"


def _under_way(report: Report) -> list[str]:
    if report.at_rest and not report.transit:
        return ["At rest: nothing is on its way, and transit is zero."]
    away = ", ".join(
        f"{format_minor(minor, commodity_of(pot))} {pot}"
        for pot, minor in report.transit.items()
    )
    transfers = _many(report.undelivered, "transfer", "transfers")
    messages = _many(report.promised, "message", "messages")
    return [f"Under way: {transfers} ({away or 'nothing'}), {messages} to be taken."]


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
