"""A trace as text and as a JSON document."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from doctor.model.text import visible
from doctor.trace.causes import ICMP_MEANINGS
from doctor.trace.report import OUTSIDE, TraceHop, TraceModel, TraceReport, TraceResult, TraceRule

_WORDS = {
    "queued": "queued, not sent",
    "sent": "sent",
    "received": "received",
    "dropped": "dropped",
    "icmp": "ICMP error sent",
    "asked": "neighbour asked",
}
_NO_REASON = "NOT_SPECIFIED"
_TITLES = {
    TraceResult.DELIVERED: "delivered",
    TraceResult.DROPPED: "dropped",
    TraceResult.REFUSED: "refused",
    TraceResult.LOST: "lost",
    TraceResult.LEFT: "left the host without an answer",
    TraceResult.UNKNOWN: "unknown",
}


def document(report: TraceReport) -> dict[str, Any]:
    """Return the JSON document, described by ``docs/schema/trace.schema.json``."""
    end = report.end
    return {
        "schema_version": "1",
        "kind": "trace",
        "doctor": report.doctor,
        "host": {"name": visible(report.host), "kernel": visible(report.kernel)},
        "started": datetime.fromtimestamp(report.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": report.seconds,
        "origin": visible(report.origin),
        "target": visible(report.target),
        "address": report.address,
        "port": report.port,
        "protocol": report.protocol,
        "sent": report.sent,
        "result": end.result.value,
        "end": {
            "way": end.way,
            "place": visible(end.place),
            "device": visible(end.device),
            "event": end.event,
            "reason": visible(end.reason),
            "function": visible(end.function),
            "icmp": end.icmp,
            "cause": end.cause,
            "rule": _rule(end.rule),
            "says": visible(end.says),
        },
        "hops": [_hop(hop) for hop in report.hops],
        "rules": [visible(rule) for rule in report.rules],
        "model": _model(report.model),
        "methods": list(report.methods),
        "notes": [visible(note) for note in report.notes],
        "exit_code": int(report.exit_code),
    }


def _rule(rule: TraceRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    texts = {"family": rule.family, "table": rule.table, "chain": rule.chain, "text": rule.text}
    return {
        "program": rule.program,
        **{key: visible(value) for key, value in texts.items()},
        "handle": rule.handle,
        "verdict": rule.verdict,
    }


def _model(model: TraceModel | None) -> dict[str, Any] | None:
    if model is None:
        return None
    texts = ("end", "cause", "place", "device", "table", "chain", "rule", "says")
    return {
        **{key: visible(getattr(model, key)) for key in texts},
        "handle": model.handle,
        "is_answer": model.is_answer,
        "doubts": [visible(doubt) for doubt in model.doubts],
        "agrees": model.agrees,
    }


def _hop(hop: TraceHop) -> dict[str, Any]:
    return {
        "way": hop.way,
        "milliseconds": hop.milliseconds,
        "place": visible(hop.place),
        "device": visible(hop.device),
        "event": hop.event,
        "source": hop.source,
        "target": hop.target,
        "reason": visible(hop.reason),
        "function": visible(hop.function),
        "rule": _rule(hop.rule),
    }


def lines(report: TraceReport, *, verbose: bool) -> Iterator[str]:
    """Yield the lines for a terminal."""
    end = report.end
    yield f"{report.host}, kernel {report.kernel}, doctor {report.doctor}"
    yield ""
    target = report.target if report.origin != OUTSIDE else f"{report.address}:{report.port}"
    yield f"{_TITLES[end.result]}: {report.sent} from {report.origin} to {target}"
    yield f"  trace: {end.says}"
    yield from _model_lines(report.model)
    for way, title in (("there", "There"), ("back", "Back")):
        hops = [hop for hop in report.hops if hop.way == way]
        if hops:
            yield ""
            yield title
            yield from _table(hops, 6 if ":" in report.address else 4)
    if verbose and report.rules:
        yield ""
        yield "Rules on the way (nftables)"
        yield from (f"  {rule}" for rule in report.rules)
    if report.notes:
        yield ""
        yield from (f"note: {note}" for note in report.notes)
    if verbose:
        yield f"followed by {', '.join(report.methods) or 'nothing'}, in {report.seconds:.3f} s"


def _model_lines(model: TraceModel | None) -> Iterator[str]:
    if model is None:
        yield "  model: unknown: the state of a namespace can't be read"
        return
    yield f"  model: {model.says}"
    if model.end == "unknown":
        yield from (f"         {doubt}" for doubt in model.doubts[1:])
    if model.agrees is False:
        yield "  They disagree: the trace is right. Please report this trace as a defect of doctor's model."


def _table(hops: list[TraceHop], version: int) -> Iterator[str]:
    rows = []
    ends = ""
    for hop in hops:
        now = f"{hop.source} → {hop.target}" if hop.source and hop.event != "icmp" else ""
        # Addresses are shown where they change: translation is then easy to see.
        changed, ends = (now if now and now != ends else ""), now or ends
        when = "" if hop.milliseconds is None else f"{hop.milliseconds:.3f} ms"
        rows.append((when, hop.place or "elsewhere", hop.device, _event(hop, version), changed))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row, hop in zip(rows, hops, strict=True):
        cells = [row[0].rjust(widths[0]), *(row[at].ljust(widths[at]) for at in (1, 2, 3)), row[4]]
        yield ("  " + "  ".join(cells)).rstrip()
        if hop.rule is not None:
            yield "  " + " " * (widths[0] + 2) + hop.rule.says


def _event(hop: TraceHop, version: int) -> str:
    word = _WORDS.get(hop.event, hop.event)
    if hop.event == "dropped":
        where = f" at {hop.function}" if hop.function else ""
        reason = "" if hop.reason == _NO_REASON else hop.reason
        return f"{word}{where}{f' ({reason})' if reason else ', no reason given'}"
    if hop.event == "icmp":
        kind, _, code = hop.reason.partition("/")
        meant = ICMP_MEANINGS.get((version, int(kind), int(code)), ("", ""))[1]
        return f"{word}{meant} (type {kind}, code {code})"
    return word
