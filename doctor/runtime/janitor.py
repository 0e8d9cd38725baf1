"""Takes back what a container changes outside of itself (a bridge, firewall rules), also when the runtime is killed.

A small process of its own waits for the end of a socket that only the runtime holds. Each change is announced before it
is made; when the socket ends, by a regular end or by SIGKILL, the process undoes them, the last first. A directory is
announced with a descriptor of the one it is made in, and then with its own, so that it is never looked up by its path.
Mounts and the container's processes need none of this: the kernel takes them with their namespaces.
"""

import _socket
import os
import struct

from doctor.runtime import commands, kernel, leftovers, removal, uplink
from doctor.runtime.netlink import Netlink
from doctor.runtime.system import signal
from doctor.runtime.values import Failure

_LINK, _BRIDGE, _TREE, _MADE, _HOOK, _NEIGHBOUR = "link", "bridge", "tree", "made", "hook", "neighbour"
_MOST_BYTES = 65536
_OWN = "doctor"  # how names of bridges begin that are for outside hosts of probes alone


class Janitor:
    """Started with the first change; `finish` makes it undo everything and waits for that.

    Attributes:
        token: names the run in all that it changes on the host.
        helpers: processes that end before anything is undone.
    """

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.helpers: list[int] = []
        self._shown: _socket.socket | None = None
        self._socket: _socket.socket | None = None
        self._pid = 0

    def before_link(self, name: str) -> None:
        """A link is about to be made that has to go afterwards."""
        self._announce([_LINK, name])

    def before_tree(self, parent: int, name: str) -> None:
        """A directory is about to be made in a parent's descriptor that has to go afterwards."""
        self._announce([_TREE, name], parent)

    def tree_made(self, tree: int, name: str) -> None:
        """The directory of this name is there: `tree` is its descriptor, and what is in it has to go with it."""
        self._announce([_MADE, name], tree)

    def before_bridge(self, name: str) -> None:
        """A bridge is about to be made or used that has to go after the last container on it, unless an engine has come."""
        self._announce([_BRIDGE, name])

    def before_hook(self, name: str) -> None:
        """A place for traffic filters is about to be made on an interface."""
        self._announce([_HOOK, name])

    def before_neighbour(self, name: str, address: str) -> None:
        """A container is about to stand behind an interface, with this address."""
        self._announce([_NEIGHBOUR, name, address])

    def before_command(self, undo: list[str]) -> None:
        """Something is about to be done that this command takes back."""
        self._announce(["command", *undo])

    def finish(self) -> None:
        """Undo now."""
        for pid in self.helpers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.helpers = []
        if self._shown is not None:
            self._shown.close()
            self._shown = None
        if self._socket is not None:
            self._socket.close()
            os.waitpid(self._pid, 0)
            self._socket = None

    def _announce(self, words: list[str], descriptor: int | None = None) -> None:
        if self._socket is None:
            self._socket = self._started()
        passed = [] if descriptor is None else [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", descriptor))]
        self._socket.sendmsg(["\0".join(words).encode("utf-8", "surrogateescape")], passed)

    def _started(self) -> _socket.socket:
        # Shows that this run lives, from its first change until its janitor is done.
        shown = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        shown.bind(f"\0{leftovers.MARK}{self.token}")
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid:
            theirs.close()
            self._shown = shown
            return ours
        try:
            os.setsid()  # a Ctrl-C for the runtime must not reach the one who cleans up after it
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_IGN)
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.dup2(theirs.fileno(), 3)
            theirs.detach()
            os.dup2(shown.detach(), 4)
            kernel.close_from(5)
            _undo(_all_announced(_socket.socket(fileno=3)))
        finally:
            os._exit(0)


def _all_announced(sock: _socket.socket) -> list[tuple[list[str], int]]:
    """Each announcement, as its words and the descriptor that came with it (-1 for none)."""
    found: list[tuple[list[str], int]] = []
    while True:
        text, extra, _, _ = sock.recvmsg(_MOST_BYTES, _socket.CMSG_SPACE(4))
        if not text:
            return found
        passed = [int(struct.unpack("i", data[:4])[0]) for _, kind, data in extra if kind == _socket.SCM_RIGHTS]
        found.append((text.decode("utf-8", "surrogateescape").split("\0"), passed[0] if passed else -1))


def _undo(announced: list[tuple[list[str], int]]) -> None:
    trees: dict[str, int] = {}
    for (kind, *words), descriptor in reversed(announced):
        try:
            if kind == _LINK:
                Netlink().delete(words[0])
            elif kind == _BRIDGE:
                # A bridge with a name that an engine may have is the engine's as soon as one has come.
                if words[0].startswith(_OWN) or not leftovers.is_engine_alive():
                    Netlink().delete_idle_bridge(words[0])
            elif kind == _MADE:
                trees[words[0]] = descriptor
            elif kind == _HOOK:
                uplink.release_hook(*words)
            elif kind == _NEIGHBOUR:
                uplink.release(*words)
            elif kind == _TREE:
                removal.remove(descriptor, words[0], trees.get(words[0]))
            else:
                commands.run(words)
        except (OSError, Failure):
            continue  # it was announced but never made, or is gone: the others still have to go
