"""Changes of a container's interface, within its network namespace."""

import shlex
from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.ends.details import ContainerPlace, InterfaceBase, Request
from doctor.formats.kernel import sysctl_conf
from doctor.model.action import Stage
from doctor.model.step import SETTING, Answer, Run, Step
from doctor.model.view import View

_BOOT, _NO_DETECTION = 3, 2
"""RTPROT_BOOT and IFA_F_NODAD, as the engine adds routes and addresses."""
Asked = tuple[str, str, Request]


def inside(place: ContainerPlace, do: Asked, undo: Asked | None, what: str, *, may_fail: bool = False) -> ChangeLink:
    """Return a change in the container's network namespace, or in the host's."""
    where = f" in container {place.container}" if place.pid else ""
    return ChangeLink(do=do, undo=undo, pid=place.pid, inode=place.inode, what=f"{what}{where}", may_fail=may_fail)


def route_words(route: Request) -> str:
    """Return a route in words: "the default route via 172.17.0.1"."""
    via = f" via {route['gateway']}" if "gateway" in route else ""
    is_default = route["dst"] in {"default", "0.0.0.0/0", "::/0"}
    return f"the default route{via}" if is_default else f"the route to {route['dst']}{via}"


def equip(place: ContainerPlace, base: InterfaceBase) -> Iterator[ChangeLink]:
    """Yield the addresses and default routes that the engine gave to an interface; it must be up."""
    for address, more in ((base.address, {"broadcast": _broadcast(base.address)}), (base.address6, _WITHOUT_WAIT)):
        if address:
            request: Request = {"dev": base.device, "address": address}
            yield inside(
                place,
                ("addr", "add", request | {key: value for key, value in more.items() if value}),
                ("addr", "del", request),
                f"add the address {address} to {base.device}",
            )
    for gateway in filter(None, (base.gateway, base.gateway6)):
        route: Request = {"dst": "default", "gateway": gateway, "dev": base.device, "proto": _BOOT}
        yield inside(place, ("route", "add", route), ("route", "del", route), f"add the default route via {gateway}")


_WITHOUT_WAIT: Request = {"flags": _NO_DETECTION}


def _broadcast(address: str) -> str:
    if not address:
        return ""
    from ipaddress import ip_interface  # noqa: PLC0415 - only for a plan with this action

    network = ip_interface(address).network
    return str(network.broadcast_address) if network.prefixlen < 31 else ""


class SetInside(Intention, frozen=True, kw_only=True):
    """Set a kernel setting in a container's network namespace, by the host's programs; ``back`` is its value now."""

    place: ContainerPlace
    key: str
    value: str
    back: str
    stage: Stage = Stage.KERNEL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"set {self.key} to {self.value} in container {self.place.container}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the write, which does nothing if the namespace has gone with its container."""
        del view
        yield Run(
            argv=self._write(self.value, "echo 'its process runs in another network namespace now' >&2; exit 1"),
            undo=(self._write(self.back, "exit 0"),),
            predicts=(Answer(ask=(SETTING, str(self.place.inode), self.key), stdout=self.value.encode()),),
        )

    def _write(self, value: str, otherwise: str) -> tuple[str, ...]:
        place = f"/proc/{self.place.pid}/ns/net"
        check = f'[ "$(readlink {place})" = "net:[{self.place.inode}]" ] || {{ {otherwise}; }}'
        path = shlex.quote(sysctl_conf.proc_path(self.key))
        write = shlex.quote(f"echo {shlex.quote(value)} >{path}")
        return ("sh", "-c", f"{check}; exec nsenter --net={place} sh -c {write}")
