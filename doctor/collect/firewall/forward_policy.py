"""Finds the families whose policy of FORWARD lets everyone through once this host forwards. No I/O."""

from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.forward_policy import OpenPolicies, open_policies_of
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.model.declare import collector
from doctor.model.missing import Missing


@collector
def open_policies(
    rules: EngineRules, record: KeptNetworkRecord | Missing, files: SysctlFiles | Missing, engine: EngineConfig
) -> OpenPolicies:
    """Return them."""
    return open_policies_of(rules, record, files, engine)
