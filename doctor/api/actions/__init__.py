"""The actions a fixer can yield. Each is data: a summary, a risk, a stage, and the steps it lowers to.

A module of them is imported when the first of its names is asked for: most fixers need one, and all together cost
every scan with a finding 10 ms.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from doctor.model.action import Action, Stage

if TYPE_CHECKING:
    from doctor.api.actions.advice import Advise
    from doctor.api.actions.bits import FlipBits
    from doctor.api.actions.choose import Choose, Option
    from doctor.api.actions.engine import RestartEngine, StartEngine
    from doctor.api.actions.files import (
        CopyAside,
        EditFile,
        MakeDirectory,
        MakeSymlink,
        Quarantine,
        SetAttributes,
        WriteFile,
    )
    from doctor.api.actions.firewall import (
        EditFirewall,
        add_rules,
        lift_rules,
        remove_rules,
        restore_user_rules,
        set_forward_policy,
        strip_saved_rules,
    )
    from doctor.api.actions.kernel import LoadModule, SetSysctl, load_at_boot
    from doctor.api.actions.layers import RestoreEntries
    from doctor.api.actions.names import NameImage, ask_names
    from doctor.api.actions.network import AddFirewallRules, ChangeLink
    from doctor.api.actions.state import (
        CopyOver,
        MendDatabase,
        MendLog,
        Rebuild,
        ReplaceRecords,
        SetMember,
        Wanted,
        aside,
        restore,
    )
    from doctor.api.actions.sysctl import persist_sysctl

_MODULES = {
    "advice": ("Advise",),
    "bits": ("FlipBits",),
    "choose": ("Choose", "Option"),
    "engine": ("RestartEngine", "StartEngine"),
    "files": ("CopyAside", "EditFile", "MakeDirectory", "MakeSymlink", "Quarantine", "SetAttributes", "WriteFile"),
    "firewall": (
        "EditFirewall",
        "add_rules",
        "lift_rules",
        "remove_rules",
        "restore_user_rules",
        "set_forward_policy",
        "strip_saved_rules",
    ),
    "kernel": ("LoadModule", "SetSysctl", "load_at_boot"),
    "layers": ("RestoreEntries",),
    "names": ("NameImage", "ask_names"),
    "network": ("AddFirewallRules", "ChangeLink"),
    "state": (
        "CopyOver",
        "MendDatabase",
        "MendLog",
        "Rebuild",
        "ReplaceRecords",
        "SetMember",
        "Wanted",
        "aside",
        "restore",
    ),
    "sysctl": ("persist_sysctl",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Action",
    "AddFirewallRules",
    "Advise",
    "ChangeLink",
    "Choose",
    "CopyAside",
    "CopyOver",
    "EditFile",
    "EditFirewall",
    "FlipBits",
    "LoadModule",
    "MakeDirectory",
    "MakeSymlink",
    "MendDatabase",
    "MendLog",
    "NameImage",
    "Option",
    "Quarantine",
    "Rebuild",
    "ReplaceRecords",
    "RestartEngine",
    "RestoreEntries",
    "SetAttributes",
    "SetMember",
    "SetSysctl",
    "Stage",
    "StartEngine",
    "Wanted",
    "WriteFile",
    "add_rules",
    "aside",
    "ask_names",
    "lift_rules",
    "load_at_boot",
    "persist_sysctl",
    "remove_rules",
    "restore",
    "restore_user_rules",
    "set_forward_policy",
    "strip_saved_rules",
]


def __getattr__(name: str) -> Any:
    """Import the module that has this name; asked only for names that aren't there yet (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return found
