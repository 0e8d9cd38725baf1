"""Add the uplink's address."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import add_address, add_route
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.path.own.details import SettingChanged, UplinkLost


@fixer(applicability=Applicability.DISRUPTIVE)
def uplink_address_missing(detail: UplinkLost, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Add what the last healthy scan saw; a lease must be renewed by its program."""
    device = detail.device
    if detail.mtu:
        yield ChangeLink(
            do=("link", "set", {"dev": device, "mtu": detail.mtu}),
            undo=("link", "set", {"dev": device, "mtu": detail.mtu_now}),
            what=f"set the MTU of {device} to {detail.mtu}",
        )
    if detail.setting:
        setting = SettingChanged(key=detail.setting, value="1", was="0")
        yield from kept_setting(setting, files, usual="0", more=tuple(_added(detail)))
    else:
        yield from _added(detail)


def _added(detail: UplinkLost) -> Iterator[Action]:
    device = detail.device
    if detail.is_leased:
        yield Advise(
            text=f"renew the lease: {detail.command}"
            if detail.command
            else f"renew the lease: networkctl renew {quote(device)}, nmcli device reapply {quote(device)},"
            f" or dhclient {quote(device)}, whichever manages the interface"
        )
    for address in detail.addresses:
        yield add_address(device, address)
    yield from map(add_route, detail.routes)
