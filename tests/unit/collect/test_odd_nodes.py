"""Whatever stands where these collectors read, each check ends in an outcome with a reason, never in a Python error."""

import os
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.plugins.load import load as load_catalog
from doctor.scan.run import scan
from tests.cases.case import find

CATALOG = load_catalog()
AREAS = ("network", "dns", "kernel", "cgroups", "namespaces", "resources", "versions")
HOSTS = (
    "network/veth-down/healthy",
    "network/rp-filter-strict/second-uplink",
    "kernel/vulnerable/several",
    "dns/resolv-loopback-only/dnsmasq",
    "namespaces/subid/healthy",
    "cgroups/controller-missing/raspberry-pi",
    "resources/pid-exhaustion/small-pid-max",
)
CONTENTS = {
    "empty": b"",
    "zeros": b"\0" * 4096,
    "digits": (b"9" * 5000 + b" ") * 4,
    "superscripts": "²²:²²:²²\n٣ ٣ ٣ ٣\n".encode() * 20,
    "separators": b"\t \t:\t=\n" * 100,
    "high bytes": bytes(range(128, 256)) * 8,
}
KINDS = (*CONTENTS, "directory", "fifo", "loop")


def spoil(path: Path, kind: str) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        path.write_bytes(CONTENTS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", HOSTS)
def test_no_file_makes_a_check_crash(case: str, kind: str, tmp_path: Path) -> None:
    """A located reason ("ValueError … (file.py:7)") would be a defect of ours, not a fact of the host."""
    recorded = find(case)
    top = tmp_path / "host"
    recorded.build(top)
    files = [path for path in top.rglob("*") if path.is_file() and not path.is_symlink() and "docker" not in str(path)]
    ids = CATALOG.choose(AREAS, ())
    for path in files:
        keep = path.read_bytes()
        spoil(path, kind)
        result = scan(RootHost(str(top), recorded.answers()), CATALOG, ids)
        crashed = [(outcome.id, outcome.reason) for outcome in result.outcomes if ".py:" in outcome.reason]
        assert crashed == [], path
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
        path.write_bytes(keep)
