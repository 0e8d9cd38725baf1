"""The process that makes a box, keeps it while its test holds the other end of a pipe, and clears everything away.

It runs in a session of its own, so neither Ctrl-C nor the death of the test (even by SIGKILL) ends it: it sees the pipe
close, kills the box's PID 1 (the kernel then kills every process of that PID namespace and drops its mounts), and
removes the cgroups and the work directory. If the keeper itself is killed, PR_SET_PDEATHSIG ends the box anyway.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tests.hosts import cgroups, linux, mounts, outside
from tests.hosts.agent import Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The request of a test, as JSON on the keeper's command line."""

    workdir: str
    name: str
    visible: tuple[str, ...]
    keep: bool  # leave the work directory
    lower: str = "/"  # the root below the overlay
    init: tuple[str, ...] = ()  # what PID 1 becomes; without it PID 1 is the agent


def main() -> None:
    """Make the box, report `{"pid": …, "outside": …}` or `{"error": …}` on standard output, wait, clean up."""
    order = Order(**json.loads(sys.argv[1]))
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    found: list[cgroups.Hierarchy] = []
    children: list[int] = []
    try:
        found = cgroups.hierarchies(order.name)
        if order.init:
            found = cgroups.unified(found)
        cgroups.create(found)
        reply = _make(order, found, children)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        reply = {"error": f"{error}"}
    _say(reply)
    # The pipe closes when the test lets go of it or dies; "keep" before that means that another keeper will take over.
    last_word = sys.stdin.read() if "error" not in reply else ""
    _end(reply.get("pid"), children)
    cgroups.remove(found)
    if not order.keep and last_word != "keep":
        _remove_tree(Path(order.workdir))


def _make(order: Order, found: list[cgroups.Hierarchy], children: list[int]) -> dict[str, Any]:
    """Fork the outside and the box, join them by a veth pair, and wait until both are ready."""
    layout = mounts.Layout(workdir=order.workdir, lower=order.lower, visible=order.visible, is_whole=bool(order.init))
    mounts.prepare(layout)
    net_in, net_out = _fork_talking(_run_outside, children)
    box_in, box_out = _fork_talking(lambda talk: _run_box_parent(order, layout, found, talk), children)
    outside_pid = children[0]
    _expect(net_in)
    box_pid = int(_expect(box_in))
    join_networks(box_pid, outside_pid)
    for stream in (net_out, box_out):
        stream.write("go\n")
        stream.flush()
    _expect(net_in)
    _expect(box_in)
    return {"pid": box_pid, "outside": outside_pid}


def _say(reply: dict[str, Any]) -> None:
    print(json.dumps(reply), flush=True)


def _expect(stream: Any) -> str:
    """The next line of a child; its last words become the error when it ends instead."""
    line = stream.readline()
    if not line or line.startswith("!"):
        raise RuntimeError(line[1:].strip() or "the process ended without a word")
    return str(line.strip())


def _fork_talking(body: Callable[[socket.socket], None], children: list[int]) -> tuple[Any, Any]:
    """Fork a child that runs body with one end of a socket pair; returns reader and writer of the other end."""
    here, there = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        here.close()
        _child(body, there)
    there.close()
    children.append(pid)
    return here.makefile("r"), here.makefile("w")


def _child(body: Callable[[socket.socket], None], talk: socket.socket) -> NoReturn:
    """Run body in a forked child that dies with its parent and never returns into the parent's code."""
    try:
        linux.die_with_parent(signal.SIGKILL)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        body(talk)
    except BaseException:  # noqa: BLE001 - the last words of a forked child, which must not unwind into its parent
        talk.sendall(("!" + traceback.format_exc(limit=-1).replace("\n", " ") + "\n").encode())
    finally:
        os._exit(1)


def _run_outside(talk: socket.socket) -> None:
    linux.unshare(linux.CLONE_NEWNET)
    talk.sendall(b"ready\n")
    talk.recv(3)
    outside.serve()
    talk.sendall(b"serving\n")
    signal.pause()


def _run_box_parent(order: Order, layout: mounts.Layout, found: list[cgroups.Hierarchy], talk: socket.socket) -> None:
    """Stand between keeper and PID 1: unshare(CLONE_NEWPID) moves only children, and the keeper must stay outside."""
    linux.unshare(linux.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        _child(lambda there: _run_box(order, layout, found, there), talk)
    talk.close()
    os.waitpid(pid, 0)


def _run_box(order: Order, layout: mounts.Layout, found: list[cgroups.Hierarchy], talk: socket.socket) -> None:
    """PID 1: namespaces, root, then the agent's loop, or the init system with the agent as its child."""
    server = _listen(layout.workdir)
    cgroups.join(found)
    flags = linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC | linux.CLONE_NEWCGROUP
    # The PID is said by number as the keeper sees it: /proc is still the machine's.
    outer_pid = os.readlink("/proc/self")
    linux.unshare(flags)
    cgroups.leave_root(found)
    socket.sethostname("box")
    # A new network namespace may start with the machine's values (net.core.devconf_inherit_init_net).
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
    mounts.build(layout, found)
    talk.sendall(f"{outer_pid}\n".encode())
    os.umask(0o022)
    talk.recv(3)
    if order.init and os.fork():
        talk.close()
        os.execve(order.init[0], order.init, {"container": "box", "PATH": os.defpath})
    agent = Agent(server)
    talk.sendall(b"ready\n")
    agent.serve()


def _listen(workdir: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.chdir(workdir)  # a socket's name is at most 107 bytes, so a relative one
    Path("agent.sock").unlink(missing_ok=True)
    server.bind("agent.sock")
    server.listen(16)
    return server


def join_networks(box_pid: int, outside_pid: int) -> None:
    """One veth pair between the two namespaces, addresses and the box's default route."""
    _ip(box_pid, f"link add eth0 type veth peer name eth0 netns {outside_pid}")
    for pid, address, more in (
        (outside_pid, outside.ADDRESS, ""),
        (box_pid, outside.BOX_ADDRESS, f"route add default via {outside.ADDRESS}\n"),
    ):
        up = f"link set lo up\naddress add {address}/24 dev eth0\nlink set eth0 up\n"
        _ip(pid, "-batch -", up + more)


def _ip(pid: int, arguments: str, script: str = "") -> None:
    argv = ["nsenter", "-t", str(pid), "-n", "ip", *arguments.split()]
    done = subprocess.run(argv, input=script, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"'{' '.join(argv)}' failed: {done.stderr.strip()}")


def _end(box_pid: int | None, children: list[int]) -> None:
    """Kill PID 1, which takes every process of the box with it, then the helpers."""
    if box_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(box_pid, signal.SIGKILL)
        # The parent of PID 1 ends when PID 1 has: nothing of the box runs after this.
        os.waitpid(children.pop(), 0)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        # A test may have left an immutable flag.
        subprocess.run(["chattr", "-R", "-f", "-i", "-a", str(path)], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(path, ignore_errors=True)
