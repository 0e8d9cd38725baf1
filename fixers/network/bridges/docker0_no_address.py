"""Add the gateway's address to a bridge."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.managers.unmanaged import leave_alone
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.network.details import WrongAddress
from doctor.facts.path.own.details import SettingChanged

_NO_DETECTION = 2
"""IFA_F_NODAD, with which the engine adds addresses of IPv6."""


@fixer(applicability=Applicability.SAFE)
def docker0_no_address(detail: WrongAddress, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Add the address that the engine recorded for the network's gateway, after enabling IPv6 if that is off."""
    bridge, address = detail.bridge, detail.address
    flags: dict[str, str | int] = {"flags": _NO_DETECTION} if ":" in address else {}
    add = ChangeLink(
        do=("addr", "add", {"dev": bridge, "address": address, **flags}),
        undo=("addr", "del", {"dev": bridge, "address": address}),
        what=f"add {address} to {bridge}",
    )
    if detail.mtu:
        yield ChangeLink(
            do=("link", "set", {"dev": bridge, "mtu": detail.mtu}),
            undo=("link", "set", {"dev": bridge, "mtu": detail.mtu_now}),
            what=f"set the MTU of {bridge} to {detail.mtu}",
        )
    if detail.setting:
        setting = SettingChanged(key=detail.setting, value="1", was="0")
        yield from kept_setting(setting, files, usual="0", more=(add,))
    else:
        yield add
    yield from leave_alone(detail.taker)
