"""The actions a fixer can yield. Each is data: a summary, a risk, a stage, and the steps it lowers to."""

from doctor.api.actions.advice import Advise
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
from doctor.api.actions.firewall import EditFirewall, add_rules, lift_rules, remove_rules, strip_saved_rules
from doctor.api.actions.kernel import LoadModule, SetSysctl, load_at_boot
from doctor.api.actions.network import AddFirewallRules, ChangeLink
from doctor.api.actions.state import CopyOver, MendDatabase, MendLog, Rebuild, SetMember, Wanted, aside
from doctor.api.actions.sysctl import persist_sysctl
from doctor.model.action import Action, Stage

__all__ = [
    "Action",
    "AddFirewallRules",
    "Advise",
    "ChangeLink",
    "CopyAside",
    "CopyOver",
    "EditFile",
    "EditFirewall",
    "LoadModule",
    "MakeDirectory",
    "MakeSymlink",
    "MendDatabase",
    "MendLog",
    "Quarantine",
    "Rebuild",
    "RestartEngine",
    "SetAttributes",
    "SetMember",
    "SetSysctl",
    "Stage",
    "StartEngine",
    "Wanted",
    "WriteFile",
    "add_rules",
    "aside",
    "lift_rules",
    "load_at_boot",
    "persist_sysctl",
    "remove_rules",
    "strip_saved_rules",
]
