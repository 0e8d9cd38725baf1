"""Sets lo up with one ioctl: a container without a network needs neither netlink nor the socket module."""

import fcntl

from doctor.runtime.base import kernel
from doctor.runtime.base.system import os

_AF_INET, _SOCK_DGRAM = 2, 2
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def up() -> None:
    """Set lo up in the current network namespace. struct ifreq: 16 bytes of name, then the flags."""
    descriptor = kernel.call("socket", _AF_INET, _SOCK_DGRAM, 0)
    try:
        name = b"lo".ljust(16, b"\0")
        answer = fcntl.ioctl(descriptor, _SIOCGIFFLAGS, name + bytes(24))
        flags = int.from_bytes(answer[16:18], "little") | _IFF_UP
        fcntl.ioctl(descriptor, _SIOCSIFFLAGS, name + flags.to_bytes(2, "little") + bytes(22))
    finally:
        os.close(descriptor)
