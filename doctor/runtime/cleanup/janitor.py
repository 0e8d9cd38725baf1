"""Undoes a container's changes to the host (a bridge, firewall rules), also when the runtime is killed.

A small separate process waits for end of file on a socket that only the runtime holds. Each change is announced before
it is made; when the socket closes, after a regular exit or SIGKILL, the process undoes them in reverse order. A
directory is announced with a descriptor of its parent, and then with its own, so that it is never looked up by path.
Mounts and the container's processes need no cleanup: the kernel removes them with their namespaces.
"""

import _socket
import os
import struct

from doctor.runtime.base import commands, kernel
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.base.system import signal
from doctor.runtime.cleanup import leftovers, removal
from doctor.runtime.network import uplink
from doctor.runtime.network.netlink import NetlinkSocket

_LINK, _BRIDGE, _TREE, _MADE, _NEIGHBOUR = "link", "bridge", "tree", "made", "neighbour"
_MOST_BYTES = 65536
_OWN = "doctor"  # prefix of bridges that only serve as outside hosts of probes


class Janitor:
    """Started with the first change; `finish` makes it undo everything and waits for it.

    Attributes:
        token: names the run in all its changes to the host.
        helpers: processes that end before the undo starts.
    """

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.helpers: list[int] = []
        self._shown: _socket.socket | None = None
        self._socket: _socket.socket | None = None
        self._pid = 0

    def before_link(self, name: str) -> None:
        """Announce a link to be created and removed afterwards."""
        self._announce([_LINK, name])

    def before_tree(self, parent: int, name: str) -> None:
        """Announce a directory to be created in a parent's descriptor and removed afterwards."""
        self._announce([_TREE, name], parent)

    def tree_made(self, tree: int, name: str) -> None:
        """Announce that the directory exists: `tree` is its descriptor, and its content is removed with it."""
        self._announce([_MADE, name], tree)

    def before_bridge(self, name: str) -> None:
        """Announce a bridge to be created or used, and removed after its last container unless an engine has
        started.
        """
        self._announce([_BRIDGE, name])

    def before_neighbour(self, name: str, address: str) -> None:
        """Announce a container to be attached behind an interface, with this address."""
        self._announce([_NEIGHBOUR, name, address])

    def before_command(self, undo: list[str]) -> None:
        """Announce a change that this command undoes."""
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
        # Shows that this run is alive, from its first change until its janitor has finished.
        shown = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        shown.bind(f"\0{leftovers.MARK}{self.token}")
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid:
            theirs.close()
            self._shown = shown
            return ours
        try:
            os.setsid()  # a Ctrl-C for the runtime must not reach the janitor
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
                NetlinkSocket().delete(words[0])
            elif kind == _BRIDGE:
                # A bridge with a name that an engine may use belongs to the engine once one has started.
                if words[0].startswith(_OWN) or not leftovers.is_engine_alive():
                    NetlinkSocket().delete_idle_bridge(words[0])
            elif kind == _MADE:
                trees[words[0]] = descriptor
            elif kind == _NEIGHBOUR:
                uplink.release(*words)
            elif kind == _TREE:
                removal.remove(descriptor, words[0], trees.get(words[0]))
            else:
                commands.run(words)
        except (OSError, LaunchError):
            continue  # it was announced but never created, or is already removed: undo the others
