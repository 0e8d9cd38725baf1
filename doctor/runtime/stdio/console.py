"""Creates a terminal for `run -t` in the container's own devpts and passes its master to the runtime.

`terminal` holds the runtime's side; both are imported only on request.
"""

import errno
import fcntl
import os
import struct

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.rootfs import beneath
from doctor.runtime.rootfs.kernelfs import TERMINAL_GROUP
from doctor.runtime.stdio.terminal import send

_TIOCSCTTY, _TIOCSPTLCK, _TIOCGPTN, _TIOCSWINSZ = 0x540E, 0x40045431, 0x80045430, 0x5414
_PTS_MAJOR_FIRST, _PTS_MAJOR_LAST = 136, 143


def open_terminal(root: int, channel: int, size: tuple[int, int] | None = None) -> tuple[int, int, int]:
    """Make a pseudo-terminal, send its master through `channel`, bind the slave to /dev/console; the slave three times.

    All descriptors are of devices created here; the slave is verified before it is bound (CVE-2025-52565).
    """
    master = beneath.open_inside(root, "/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, _TIOCSPTLCK, bytes(4))
    number = int.from_bytes(fcntl.ioctl(master, _TIOCGPTN, bytes(4)), "little")
    slave = beneath.open_inside(root, f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
    device = os.fstat(slave).st_rdev
    if not _PTS_MAJOR_FIRST <= os.major(device) <= _PTS_MAJOR_LAST or os.minor(device) != number:
        raise LaunchError("the container's terminal was replaced during its creation")
    target = beneath.regular_file(root, "/dev/console")
    kernel.mount(kernel.at(slave), kernel.at(target), None, kernel.MS_BIND)
    os.close(target)
    fcntl.ioctl(slave, _TIOCSCTTY, 0)
    if size is not None:
        fcntl.ioctl(slave, _TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    send(channel, master)
    os.close(master)
    try:
        os.fchown(slave, 0, TERMINAL_GROUP)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a user namespace without this group
            raise
    return slave, slave, slave
