"""A flight, its tills and its report as JSON."""

from channels.inflight.wire import (
    CaseView,
    CategoryView,
    FlightView,
    GapView,
    ReportView,
    TillView,
)
from ledger.time_text import time_text
from services.flight_cases import Case
from services.flight_report import DeviceReport, FlightReport
from services.flights import Flight


def flight_view(flight: Flight, tills: int) -> FlightView:
    return FlightView(
        id=flight.id,
        number=flight.number,
        date=flight.date,
        legs=[f"{leg.origin}-{leg.destination}" for leg in flight.legs],
        aircraft=flight.aircraft,
        currency=flight.currency,
        status=flight.status.value,
        merchant=flight.merchant,
        tills=tills,
    )


def till_view(device: DeviceReport) -> TillView:
    state = device.state
    told_at_ms = state.till.told_at_ms
    return TillView(
        number=state.till.number,
        name=state.till.name,
        entries=state.entries,
        missing=[GapView(first, last) for first, last in state.missing],
        two_stories=list(state.forked),
        reported=state.closed,
        told_at=time_text(told_at_ms) if told_at_ms else None,
        sales=device.sales,
        sold_minor=device.sold_minor,
        given_minor=device.given_minor,
        taken_minor=device.taken_minor,
        lost_minor=device.lost_minor,
    )


def case_view(case: Case) -> CaseView:
    return CaseView(
        id=case.id,
        flight=case.flight,
        kind=case.kind.value,
        text=case.kind.text,
        till=case.device,
        entry=case.seq,
        allowance=case.allowance,
        opened_at=time_text(case.opened_at_ms),
        closed_at=time_text(case.closed_at_ms) if case.closed_at_ms else None,
    )


def report_view(report: FlightReport) -> ReportView:
    flight, held = report.flight, report.held
    until = flight.report_until_ms
    released_minor = held.authorised_minor - held.captured_minor - held.open_minor
    return ReportView(
        flight=flight_view(flight, len(report.devices)),
        moved={status: time_text(at_ms) for status, at_ms in flight.moved.items()},
        report_until=time_text(until) if until else None,
        complete=report.complete,
        ties=report.ties,
        allowances=report.allowances,
        set_aside_minor=held.authorised_minor,
        sold_minor=report.sold_minor,
        captured_minor=report.captured_minor,
        risk_minor=report.risk_minor,
        unpaid_minor=report.unpaid_minor,
        pending_minor=report.pending_minor,
        held_minor=held.open_minor,
        released_minor=released_minor,
        categories=[
            CategoryView(c.category, c.articles, c.amount_minor) for c in report.categories
        ],
        tills=[till_view(device) for device in report.devices],
        cases=[case_view(case) for case in report.cases],
    )
