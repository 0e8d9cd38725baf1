"""GPUs that containers ask for, and what the host has of the NVIDIA driver and its Container Toolkit."""

from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.model.missing import Missing

if TYPE_CHECKING:
    # Few hosts have a specification.
    from doctor.formats.host.cdi import CdiSpec

_GPU = frozenset({"gpu", "nvidia"})


class Gpus(Struct, frozen=True, kw_only=True):
    """Empty on a host without CDI specifications whose containers ask for no GPU.

    Attributes:
        specs: the CDI specifications in /etc/cdi and /var/run/cdi.
        lost: path of a specification → what it names and the host does not have.
        hook: path of nvidia-container-runtime-hook, which the engine looks for at its start; "" for none.
        tool: path of nvidia-ctk, "" for none.
        driver: version of the loaded kernel module, "" if none is loaded.
        libraries: versions of the driver's libraries on this host.
        nodes: device nodes of the driver.
        unlinked: path of such a node → the link below /dev/char that it does not have.
        gaps: what could not be examined.
    """

    specs: "tuple[CdiSpec, ...]" = ()
    lost: dict[str, tuple[str, ...]] = {}
    hook: str = ""
    tool: str = ""
    driver: str = ""
    libraries: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    unlinked: dict[str, str] = {}
    gaps: tuple[Missing, ...] = ()

    def has_device(self, name: str) -> bool:
        """Whether a specification has a device ("nvidia.com/gpu=0")."""
        kind, _, device = name.partition("=")
        return any(spec.kind == kind and device in spec.devices for spec in self.specs)


def by_hook(one: Container) -> bool:
    """Whether the NVIDIA hook gives a container its GPU: with ``--gpus`` or the runtime nvidia."""
    if one.host is None:
        return False
    asked = (
        request.driver in {"", "nvidia"} and _GPU & set(request.capabilities) for request in one.host.device_requests
    )
    return one.host.runtime == "nvidia" or any(asked)


def by_cdi(one: Container) -> tuple[str, ...]:
    """Return the CDI devices that a container asks for."""
    requests = one.host.device_requests if one.host is not None else ()
    return tuple(name for request in requests if request.driver == "cdi" for name in request.ids)
