"""The runtime's side of `run` without a terminal: forwards bytes between its own stdio and the container's pipes.

A container never gets a descriptor of its caller: with a terminal it could read or inject input, with a file it could
truncate it or read data of others.
"""

import errno
import select

from doctor.runtime.base.system import os
from doctor.runtime.process.launch import Running, Stdio

_CHUNK = 65536


def pipes(*, interactive: bool) -> Stdio:
    """Pipes for stdout and stderr, and for stdin if it is forwarded; else stdin is /dev/null."""
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    outside = {1: out_read, 2: err_read}
    if interactive:
        stdin, outside[0] = os.pipe()
    else:
        stdin = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    return Stdio((stdin, out_write, err_write), outside)


class Relay:
    """Forwards bytes until the container has ended and all its output is written."""

    def __init__(self, running: Running, stdio: Stdio) -> None:
        for descriptor in stdio.inside:
            os.close(descriptor)
        for descriptor in stdio.outside.values():
            os.set_blocking(descriptor, False)
        self._running = running
        self._poll = select.poll()
        self._outputs = {stdio.outside[number]: number for number in (1, 2)}
        for descriptor in self._outputs:
            self._poll.register(descriptor, select.POLLIN)
        self._stdin = stdio.outside.get(0)
        self._pending = b""
        if self._stdin is not None:
            self._poll.register(0, select.POLLIN)
        try:
            self._end = os.pidfd_open(running.pid)
            self._poll.register(self._end, select.POLLIN)
        except OSError:  # fallback before Linux 5.3: the end of the pipes
            self._end = -1

    def serve(self) -> None:
        """Run until the end."""
        while self._end >= 0 or self._outputs:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._outputs:
                    self._pass_on(descriptor)
                elif descriptor == self._end:
                    self._finish()
                    return
                elif descriptor == 0:
                    self._read_stdin()
                elif descriptor == self._stdin:
                    self._feed()

    def _finish(self) -> None:
        """The container's processes have ended: the pipes hold all remaining output."""
        os.close(self._end)
        for descriptor in list(self._outputs):
            while descriptor in self._outputs and self._pass_on(descriptor):
                pass

    def _pass_on(self, descriptor: int) -> bool:
        """Whether there may be more."""
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if chunk and self._write_all(self._outputs[descriptor], chunk):
            return True
        # End of file, or the reader has closed: the container's writer must notice it too.
        self._poll.unregister(descriptor)
        del self._outputs[descriptor]
        os.close(descriptor)
        return False

    @staticmethod
    def _write_all(descriptor: int, chunk: bytes) -> bool:
        while chunk:
            try:
                chunk = chunk[os.write(descriptor, chunk) :]
            except BlockingIOError:  # the caller's own choice for its stdout
                select.select([], [descriptor], [])
            except OSError:
                return False
        return True

    def _read_stdin(self) -> None:
        self._poll.unregister(0)
        try:
            self._pending = os.read(0, _CHUNK)
        except BlockingIOError:
            self._poll.register(0, select.POLLIN)
            return
        except OSError:
            self._pending = b""
        if self._stdin is None:
            return
        if self._pending:
            self._poll.register(self._stdin, select.POLLOUT)
        else:
            self._close_stdin()

    def _feed(self) -> None:
        """More is read only after everything was written, so a container that reads nothing blocks its caller."""
        if self._stdin is None:
            return
        try:
            self._pending = self._pending[os.write(self._stdin, self._pending) :]
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return
            self._poll.unregister(self._stdin)
            self._close_stdin()
            return
        if not self._pending:
            self._poll.unregister(self._stdin)
            self._poll.register(0, select.POLLIN)

    def _close_stdin(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None
