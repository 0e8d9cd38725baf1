"""``doctor probe --trace``: sends one packet, follows it through the kernel and shows where its way ends."""

import json
import os
import time
from typing import TypeVar

from doctor import __version__
from doctor.cli.common import SharedOptions, open_host
from doctor.cli.spelled import as_root
from doctor.facts.containers.containers import Containers
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.secrets.redact import redacted
from doctor.model.errors import RefusedError, UsageError
from doctor.model.text import visible
from doctor.scan.resolve import Facts
from doctor.trace.modelled import modelled
from doctor.trace.report import TraceReport
from doctor.trace.run import traced
from doctor.trace.shown import document, lines
from doctor.trace.wish import wish_of

_Fact = TypeVar("_Fact")


def run(names: tuple[str, ...], format_name: str, output: str, shared: SharedOptions) -> int:
    """Trace from the first name to the second; return 0 if the packet is delivered, 1 if not, 3 if that is unknown."""
    if format_name not in {"text", "json"}:
        raise UsageError(f"'doctor probe --trace' does not support format '{format_name}'", do="choose text or json")
    if len(names) != 2:
        raise UsageError(
            "--trace needs a container and a target", do="for example 'doctor probe --trace web 192.0.2.80:443'"
        )
    if os.geteuid() != 0:
        raise RefusedError("only root can trace packets", do=f"run '{as_root()}'")
    facts = Facts(open_host(""))
    links = _fact(facts, Links)
    wish = wish_of(names[0], names[1], _fact(facts, Containers), _fact(facts, Networks), links)
    started, clock = time.time(), time.perf_counter()
    with traced(wish, links) as found:
        flow = found.recorded.flow
        report = TraceReport(
            doctor=__version__,
            host=facts.host.name,
            kernel=os.uname().release,
            started=started,
            seconds=round(time.perf_counter() - clock, 4),
            origin=wish.origin,
            target=names[1],
            address=wish.address,
            port=wish.port,
            protocol=wish.protocol,
            sent=f"{_KINDS[wish.protocol]} of {flow.length} bytes",
            hops=found.hops,
            rules=found.rules,
            end=found.end,
            model=modelled(facts.host, facts.get, found.scene, found.end),
            methods=found.recorded.methods,
            notes=found.notes,
        )
        _show(redacted(report), format_name, output, shared)
    return int(report.exit_code)


_KINDS = {"tcp": "a TCP SYN", "udp": "a UDP datagram", "icmp": "an ICMP echo request"}


def _fact(facts: Facts, kind: type[_Fact]) -> _Fact | None:
    found = facts.get(kind)
    return found if isinstance(found, kind) else None


def _show(report: TraceReport, format_name: str, output: str, shared: SharedOptions) -> None:
    if format_name == "json":
        text = json.dumps(document(report), indent=1) + "\n"
    else:
        text = "".join(visible(line) + "\n" for line in lines(report, verbose=shared.verbose))
    if output and output != "-":
        from doctor.cli.common import write_report

        write_report(output, text.encode())
    elif not shared.quiet:
        print(text, end="", flush=True)
