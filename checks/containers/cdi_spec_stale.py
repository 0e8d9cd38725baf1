"""A CDI specification names files or a driver version that this host does not have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.gpus import Gpus

if TYPE_CHECKING:
    from doctor.formats.host.cdi import CdiSpec


@check(
    severity=Severity.ERROR,
    ok="each CDI specification fits this host's devices and driver",
    messages=(
        Message(
            pattern=r"failed to inject CDI devices: failed to stat CDI host device \S+ no such file or directory|failed to fulfil mount request: open \S*lib(?:cuda|nvidia)\S* no such file or directory|error mounting \"\S*lib(?:cuda|nvidia)[^\"]*\" to rootfs .*no such file or directory",
            example='failed to inject CDI devices: failed to stat CDI host device "/dev/nvidia-uvm": no such file or directory: unknown',
            means="the CDI specification was generated for another driver version or other devices",
            do="generate it again: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
        ),
    ),
)
def cdi_spec_stale(gpus: Gpus) -> Iterator[Finding]:
    """A CDI specification does not fit this host's devices or driver, so containers with its devices fail to start.

    What it looks at:
        The files in /etc/cdi and /var/run/cdi: whether the device nodes, libraries and programs that they name exist, and whether the
        driver version in the names of the libraries is that of the loaded NVIDIA module.

    Why it matters:
        A start fails because a mount or a device node is missing, or the program in the container fails with "Driver/library
        version mismatch". A specification is generated once; an upgrade of the driver or a changed card makes it stale.

    How it is fixed:
        Manually: generate it again with nvidia-ctk, or reboot if the new driver is installed and the old one still loaded.

    References:
        https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/cdi-support.html
        https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
    """
    for spec in gpus.specs:
        lost = gpus.lost.get(spec.path, ())
        other = [version for version in spec.versions if gpus.driver and version != gpus.driver]
        if lost or other:
            yield Finding(
                subject=Subject("file", spec.path),
                message=f"{spec.path} {_problem(lost, other, gpus)}: containers with its {spec.kind or 'devices'} can't start or use them",
                evidence=(
                    *((Evidence("missing on this host", _few(lost)),) if lost else ()),
                    *((Evidence("driver in the specification", ", ".join(other)),) if other else ()),
                    *((Evidence("loaded driver", gpus.driver),) if gpus.driver else ()),
                    Evidence("devices in the specification", _devices(spec)),
                ),
            )


def _problem(lost: tuple[str, ...], other: list[str], gpus: Gpus) -> str:
    if other:
        return f"is for driver {other[0]}, and driver {gpus.driver} is loaded"
    return f"names {lost[0]}{f' and {len(lost) - 1} more' if len(lost) > 1 else ''}, which this host does not have"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _devices(spec: "CdiSpec") -> str:
    return _few(tuple(f"{spec.kind}={name}" for name in spec.devices)) or "none"
