"""The runtime's side of `run -t`: forwards bytes and the size between the user's terminal and the container's."""

import _socket
import fcntl
import os
import select
import struct
import termios

from doctor.runtime.base.system import signal

_TIOCGWINSZ, _TIOCSWINSZ = 0x5413, 0x5414
_CHUNK = 65536


def channel() -> tuple[_socket.socket, _socket.socket]:
    """A pair of Unix sockets for the terminal's master: the runtime's, the container's."""
    return _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)


def send(descriptor: int, passed: int) -> None:
    """Pass a descriptor through a socket given as a descriptor."""
    sock = _socket.socket(fileno=descriptor)
    try:
        sock.sendmsg([b"m"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", passed))])
    finally:
        sock.detach()


def receive(sock: _socket.socket) -> int | None:
    """The passed descriptor, or None if the other end is closed."""
    _, extra, _, _ = sock.recvmsg(1, _socket.CMSG_LEN(4))
    for level, kind, data in extra:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            found = int(struct.unpack("i", data[:4])[0])
            os.set_inheritable(found, False)
            return found
    return None


class Raw:
    """The user's terminal without line editing, while the container uses it."""

    def __init__(self) -> None:
        self._before = termios.tcgetattr(0) if os.isatty(0) else None

    def __enter__(self) -> None:
        if self._before is None:
            return
        attributes = termios.tcgetattr(0)
        attributes[0] &= ~(termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON)
        attributes[1] &= ~termios.OPOST
        attributes[2] = attributes[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        termios.tcsetattr(0, termios.TCSAFLUSH, attributes)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            termios.tcsetattr(0, termios.TCSAFLUSH, self._before)


def copy_size(master: int) -> None:
    """Give the container's terminal the size of the user's."""
    if os.isatty(0):
        fcntl.ioctl(master, _TIOCSWINSZ, fcntl.ioctl(0, _TIOCGWINSZ, bytes(8)))


def serve(master: int, *, interactive: bool, sized: bool = False) -> None:
    """Forward bytes both ways until the container's side is closed. `sized`: the size is already set."""
    if not sized:
        copy_size(master)
    signal.signal(signal.SIGWINCH, lambda *_: copy_size(master))
    poll = select.poll()
    poll.register(master, select.POLLIN)
    if interactive:
        poll.register(0, select.POLLIN)
    with Raw():
        while True:
            for descriptor, _ in poll.poll():
                try:
                    chunk = os.read(descriptor, _CHUNK)
                except OSError:  # EIO: the last process with the slave is gone
                    chunk = b""
                if descriptor == master and not chunk:
                    return
                if not chunk:
                    poll.unregister(0)
                    os.write(master, b"\x04")  # Ctrl-D: end of input on a terminal
                    continue
                _write_all(1 if descriptor == master else master, chunk)


def _write_all(descriptor: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(descriptor, chunk) :]
