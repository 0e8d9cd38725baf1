"""Docker's default profile, compiled at build time by `build`."""

from doctor import own_file
from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason


def program() -> bytes:
    """The filter for this machine: an array of struct sock_filter."""
    try:
        return own_file(f"{__file__.rpartition('/')[0]}/seccomp-{kernel.MACHINE}.bpf")
    except OSError as error:
        raise LaunchError(f"no seccomp profile for {kernel.MACHINE}: {reason(error)}") from None
