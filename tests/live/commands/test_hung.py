"""A hung mount or a hung dockerd costs seconds, and is reported."""

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clocks import within
from tests.hosts.box import Box
from tests.hosts.images import base_tar

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

HELD_LOCK = """
import ctypes, fcntl, mmap, os, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
faults = libc.syscall(323, os.O_CLOEXEC)
if faults < 0:
    sys.exit(0)
fcntl.ioctl(faults, 0xC018AA3F, struct.pack("=QQQ", 0xAA, 0, 0))
area = mmap.mmap(-1, 8192)
area[0] = 1
start = ctypes.addressof(ctypes.c_char.from_buffer(area))
fcntl.ioctl(faults, 0xC020AA00, struct.pack("=QQQQ", start + 4096, 4096, 1, 0))
area[4092:4096] = struct.pack("=I", 0x0A)
request = ctypes.create_string_buffer(struct.pack("=16sQ16x", b"lo", start + 4092), 40)
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
# The answer of SIOCETHTOOL begins on a page that nobody provides: the kernel waits for it, and keeps its lock.
threading.Thread(target=libc.ioctl, args=(asking.fileno(), 0x8946, request), daemon=True).start()
time.sleep(0.05)
print("held", flush=True)
time.sleep(8)
os._exit(0)
"""
QUICK = """
from doctor.host import commands
from doctor.host.rtnetlink import lock
run = commands.run
commands.run = lambda argv, *, timeout_s, stdin=b"": run(argv, timeout_s=timeout_s / 10, stdin=stdin)
lock.LIMIT_S = 0.3
from doctor.cli.entry import main
main()
"""
"""doctor with a tenth of its patience: all of the machine waits while the lock is held."""


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


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of userfaultfd(2) is that of x86-64")
def test_a_held_network_lock_costs_seconds_and_is_reported(box: Box) -> None:
    """Whoever asks waits in the kernel and can't be killed: the scan ends before the lock is released, also for a reader of
    its output, and so do the probes and a trace.
    """
    box.docker("import", "-", "bb:1", input=base_tar())
    box.docker("run", "-d", "--name", "aa", "--stop-timeout", "1", "bb:1", "sleep", "600")
    python = str(Path(box.doctor_path).parent / "python")
    holder = subprocess.Popen([sys.executable, "-c", HELD_LOCK], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        if not holder.stdout.readline():
            pytest.skip("this kernel has no userfaultfd")
        scan = '"$0" -c "$1" scan --select'
        script = f'{scan} network/bridge-route-missing | cat; {scan} dns/container-lo-down | cat; "$0" -c "$1" probe --trace aa host'
        done = box.run(["sh", "-c", script, python, QUICK], check=False)
        assert holder.poll() is None, "it waited for the lock"
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    text = "the kernel answers no question about its network within 0.3 s: a program or driver holds its lock (rtnl)"
    assert " ".join(done.stdout.split()).count(text) == 4
    assert done.stdout.count("1 incomplete") == 2
    assert done.stderr == f"doctor: {text}\n"
