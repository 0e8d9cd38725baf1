"""The iptables command fails."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.command import IptablesCommand


@check(
    severity=Severity.CRITICAL,
    breaks=("egress", "port", "start"),
    stops_start=True,
    ok="the iptables command can be run",
)
def iptables_fails(command: IptablesCommand, engine: EngineConfig, state: EngineState) -> Iterator[Finding]:
    """The iptables command that dockerd runs fails whatever it is asked, so dockerd does not start, or creates no more rules.

    What it looks at:
        The exit code of ``iptables --version``, if the name of the program does not show its variant: a script or another program
        in its place. iptables of a distribution is not run.

    Why it matters:
        A running dockerd fails to start containers with a published port: "iptables failed". At its next start it fails with
        "failed to register bridge driver".

    How it is fixed:
        Manually: reinstall the package iptables, or correct the script that took its place.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    wanted = engine.get("iptables", True) is not False and engine.get("firewall-backend") != "nftables"
    if command.problem and wanted and state.status != "absent":
        yield Finding(
            subject=Subject("command", "iptables"),
            message=f"the iptables command fails ({command.problem}): dockerd can't create its firewall rules",
            evidence=(Evidence(f"{command.path} --version", command.problem),),
        )
