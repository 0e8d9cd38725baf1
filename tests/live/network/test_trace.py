"""One packet is followed through the kernel: where its way ends, why, and by which rule. The whole battery is in
``tests/hosts/traces``.
"""

import pytest

from tests.hosts.box import Box
from tests.hosts.traces import kills
from tests.hosts.traces.fault_table import FAULTS, SAMPLE
from tests.hosts.traces.setting import TraceSetting

pytestmark = pytest.mark.live


def test_the_way_ends_where_the_kernel_drops_it(box: Box) -> None:
    """Faults of each kind, one after another; between them, and at the end, the packet is delivered."""
    setting = TraceSetting(box, peers=False, ipv6=False)
    chosen = [fault for fault in FAULTS if fault.name in SAMPLE]
    assert len(chosen) == len(SAMPLE)
    for fault in chosen:
        setting.shell(fault.do)
        found = setting.trace(*fault.trace)
        assert setting.differences(fault, found) == [], fault.name
        # Side by side: the model knows the cause, or says that it does not.
        assert found["model"]["agrees"] is not False, (fault.name, found["model"]["says"])
        setting.shell(fault.undo)
    # Where the kernel refuses tracefs, taps show the place, and counters the reason.
    refused = next(fault for fault in chosen if fault.name == SAMPLE[0])
    setting.shell(refused.do)
    found = setting.trace(*refused.trace, without_tracefs=True)
    setting.shell(refused.undo)
    assert (found["end"]["place"], found["end"]["device"], found["end"]["cause"]) == (
        "host",
        "docker0",
        "forwarding-off",
    )
    assert found["methods"] == ["taps", "nftrace"]
    found = setting.trace("aa", "outside:8080")
    assert (found["result"], found["end"]["place"]) == ("delivered", "outside")
    assert found["methods"] == ["tracefs", "taps", "nftrace"]
    assert [hop["place"] for hop in found["hops"] if hop["way"] == "there"] == ["outside", "host", "host", "host", "aa"]
    found = box.run([box.doctor_path, "__complete", "probe", "--trace", "aa", ""]).stdout.splitlines()
    assert [one.partition("\t")[0] for one in found[:-1]] == ["aa", "host", "outside:8080"]
    assert kills.settle(lambda: kills.left(box)) == []
    # Killed together with its janitor and alone, at instants of one seed.
    assert kills.run(box, 3, "1", longest=1.0)[0] == []
