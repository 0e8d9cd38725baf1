"""A hung mount or a hung dockerd costs seconds, and is reported."""

import json
import time

import pytest

from tests.clocks import within
from tests.hosts.box import Box

pytestmark = pytest.mark.live

HUNG_MOUNT = """
import ctypes, os, sys
descriptor = os.open("/dev/fuse", os.O_RDWR)
os.makedirs(sys.argv[1], exist_ok=True)
options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0".encode()
libc = ctypes.CDLL(None, use_errno=True)
# Nobody ever reads the requests: whoever touches the mount waits in the kernel.
if libc.mount(b"hung", sys.argv[1].encode(), b"fuse", 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
import time
time.sleep(600)
"""


def test_a_mount_that_does_not_answer_costs_seconds(box: Box) -> None:
    """The data root's volumes lie on a dead FUSE mount: the scan ends, says so, and exits with 3 or 1."""
    if not box.exists("/dev/fuse"):
        pytest.skip("this kernel has no FUSE")
    box.start(["/usr/bin/python3", "-c", HUNG_MOUNT, "/var/lib/docker/volumes"], log="/tmp/hung.log")
    deadline = time.monotonic() + 5
    while "fuse" not in box.run(["cat", "/proc/self/mountinfo"]).stdout and time.monotonic() < deadline:
        time.sleep(0.05)
    done = within(15, lambda: box.doctor("scan", "--format", "json", timeout=60), tries=3, clock=time.monotonic)
    assert done.returncode in {1, 3}, done.stderr
    assert "Traceback" not in done.stderr
    assert "does not answer" in done.stdout
    report = json.loads(done.stdout)
    assert any(outcome["incomplete"] for outcome in report["outcomes"])


def test_a_stopped_dockerd_costs_seconds_and_is_reported(box: Box) -> None:
    """SIGSTOP leaves its socket accepting and never answering."""
    (pid,) = box.pids("dockerd")
    box.run(["kill", "-STOP", str(pid)])
    done = within(20, lambda: box.doctor("scan", "--format", "json", timeout=60), tries=3, clock=time.monotonic)
    box.run(["kill", "-CONT", str(pid)])
    # A dockerd this young may still be starting: then it is not a finding, and the scan is incomplete.
    assert done.returncode in {1, 3}, done.stdout + done.stderr
    assert "no answer to GET /version within 3 s" in done.stdout
