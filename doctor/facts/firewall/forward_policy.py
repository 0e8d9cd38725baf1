"""The policy of FORWARD, now and before: with ACCEPT a host that forwards does so for everyone who routes through it."""

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.model.finding import Evidence
from doctor.model.missing import Missing

_KEYS = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


def was_closed(
    family: FamilyRules,
    rules: EngineRules,
    record: KeptNetworkRecord | Missing,
    files: SysctlFiles | Missing,
    engine: EngineConfig,
) -> Evidence | None:
    """Return the evidence that the policy of FORWARD was DROP; ``None`` without any."""
    known = None if isinstance(record, Missing) else record.families.get(family.version)
    if known is not None and not isinstance(record, Missing):
        return Evidence(f"{record.path} {record.age}", "FORWARD DROP") if known.policy == "DROP" else None
    if not family.is_table_gone or engine.get("ip-forward", True) is False or engine.get("ip-forward-no-drop") is True:
        return None
    if family.version == 6 and rules.closes_ipv6:
        return Evidence(docker.PROCESS, "engines up to 27 always set the IPv6 policy to DROP")
    if isinstance(files, Missing):
        return None
    key = _KEYS[family.version]
    setter = files.last_setter(key)
    if setter is not None and setter.value != "0":
        return None
    return Evidence(f"{key} in sysctl files", "not turned on: dockerd did that at its start and set FORWARD to DROP")


class OpenPolicies(Struct, frozen=True, kw_only=True):
    """Families whose policy of FORWARD is ACCEPT, so that forwarding that is turned on would be for everyone.

    Attributes:
        unsure: those of which it is unknown whether this host forwarded for others.
        closed: those whose policy was DROP.
    """

    unsure: dict[int, FamilyRules] = {}
    closed: dict[int, FamilyRules] = {}


def open_policies_of(
    rules: EngineRules, record: KeptNetworkRecord | Missing, files: SysctlFiles | Missing, engine: EngineConfig
) -> OpenPolicies:
    """Return the families whose policy is ACCEPT, without those that forwarded for others at the last healthy scan."""
    found = OpenPolicies(unsure={}, closed={})
    for family in rules.families:
        if family.saved.policy("filter", "FORWARD") != "ACCEPT" or _was_open(family, record, engine):
            continue
        why = was_closed(family, rules, record, files, engine)
        (found.unsure if why is None else found.closed)[family.version] = family
    return found


def _was_open(family: FamilyRules, record: KeptNetworkRecord | Missing, engine: EngineConfig) -> bool:
    """Whether this host surely forwarded for others, or does not now: a rule of others ends FORWARD."""
    known = None if isinstance(record, Missing) else record.families.get(family.version)
    was_accepted = known is not None and known.policy == "ACCEPT"
    return was_accepted or engine.get("ip-forward-no-drop") is True or bool(family.last_words)
