"""The cost of a trace: its own, and that of other packets meanwhile.

Run by hand: ``python -m tests.hosts.traces.cost``.
"""

import json
import os
import socket
import statistics
import time

from doctor.formats.trace.packets import TraceFlow
from doctor.host.trace.tracefs import Tracefs, TraceInstance
from doctor.trace.follow import filters_for
from tests.hosts.box import Box
from tests.hosts.traces.setting import TraceSetting

_TRACES, _DATAGRAMS, _ROUNDS = 20, 20_000, 5


def datagram() -> float:
    """Return the least CPU time of a datagram over the loopback, sent and received, in µs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        name = one.getsockname()
        least = 1e9
        for _ in range(_ROUNDS):
            begin = time.process_time()
            for _ in range(_DATAGRAMS):
                one.sendto(b"x" * 100, name)
                one.recv(2048)
            least = min(least, (time.process_time() - begin) / _DATAGRAMS * 1e6)
    return least


def main() -> None:
    """Print the figures."""
    print(f"datagram, no trace: {datagram():.2f} µs of CPU")
    tracefs = Tracefs()
    flow = TraceFlow(version=4, protocol="tcp", source="", target="", sport=40000, length=421)
    instance = TraceInstance(tracefs)
    instance.begin(filters_for(instance, flow))
    print(f"datagram, trace recording: {datagram():.2f} µs of CPU")
    instance.remove()
    print(f"datagram, afterwards: {datagram():.2f} µs of CPU")
    tracefs.close()
    with Box() as box:
        box.start_dockerd()
        setting = TraceSetting(box, ipv6=False)
        inside, outside = [], []
        for _ in range(_TRACES):
            begin = time.monotonic()
            inside.append(setting.trace("aa", "bb:80")["seconds"])
            outside.append(time.monotonic() - begin)
        script = f"for n in $(seq {_TRACES}); do {box.doctor_path} probe --trace aa bb:80 >/dev/null; done; times"
        spent = box.run(["sh", "-c", script], timeout=120).stdout.split()
    print(
        json.dumps(
            {
                "trace_ms": _quartiles(inside),
                "command_ms": _quartiles(outside),
                "times": spent[-2:],
                "cpus": os.cpu_count(),
            }
        )
    )


def _quartiles(seconds: list[float]) -> list[int]:
    """Return the quartiles in milliseconds."""
    return [round(one * 1000) for one in statistics.quantiles(seconds, n=4)]


if __name__ == "__main__":
    main()
