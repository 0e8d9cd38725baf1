"""Docker's default profile, compiled at build time by `build`."""

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason
from doctor.runtime.base.system import content


def program() -> bytes:
    """The filter for this machine: an array of struct sock_filter."""
    try:
        return content(f"{__file__.rpartition('/')[0]}/seccomp-{kernel.MACHINE}.bpf")
    except OSError as error:
        raise LaunchError(f"no seccomp profile for {kernel.MACHINE}: {reason(error)}") from None
