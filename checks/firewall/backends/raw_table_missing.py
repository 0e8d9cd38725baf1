"""The legacy variant of iptables has no table raw, which engines since 28 use."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.firewall.variants import FirewallVariants


@check(
    severity=Severity.ERROR,
    breaks=("egress", "port"),
    causes=("firewall/variant-unsupported",),
    ok="the table raw of iptables exists where the engine uses it",
    messages=(
        Message(
            pattern=r"(?:Unable to enable (?:DIRECT ACCESS FILTERING|[\w ]*LOOPBACK[\w ]*) - DROP rule: .*)?(?:iptables v[\d.]+ \(legacy\): )?can't initialize ip6?tables table `raw'(?!.*you must be root).*",
            example="Unable to enable DIRECT ACCESS FILTERING - DROP rule:  (iptables failed: iptables --wait -t raw -A PREROUTING -d 172.17.0.2 ! -i docker0 -j DROP: iptables v1.8.7 (legacy): can't initialize iptables table `raw': Table does not exist (do you need to insmod?)",
            means="engines since 28 block direct access to containers in the table raw, and this kernel has none for the legacy variant of iptables (iptable_raw)",
            do="load the module with 'modprobe iptable_raw', choose iptables-nft, or set DOCKER_INSECURE_NO_IPTABLES_RAW=1 for the engine: then containers can be reached directly from the local network",
            also=("kernel/reboot-needed", "firewall/variant-unsupported"),
            since="28.0",
        ),
    ),
)
def raw_table_missing(variants: FirewallVariants) -> Iterator[Finding]:
    """The legacy iptables has no table raw on this kernel, so an engine since 28 can't start containers on bridge networks.

    What it looks at:
        The version of the engine, DOCKER_INSECURE_NO_IPTABLES_RAW in its environment, the variant of iptables, and iptable_raw
        among the loaded modules, the module list of the running kernel, modprobe.d and the build config. The nft variant needs
        nothing for this table.

    Why it matters:
        Since 28.0 the engine writes a rule into the table raw for each container on a bridge network. Without the table every
        such container fails to start with "Unable to enable DIRECT ACCESS FILTERING - DROP rule".

    How it is fixed:
        Manually: with the module, with iptables-nft, or with DOCKER_INSECURE_NO_IPTABLES_RAW=1, which opens containers to direct
        access from the local network.

    References:
        https://docs.docker.com/engine/release-notes/28/
        https://github.com/moby/moby/issues/49557
    """
    for judged in variants.used.lacks:
        if judged.feature.name == "iptable_raw":
            yield Finding(
                subject=Subject("module", "iptable_raw"),
                message=f"kernel {variants.kernel} has no table raw for iptables-legacy: {judged.feature.consequence}",
                evidence=(
                    Evidence(variants.command.path, variants.command.target),
                    Evidence(judged.feature.name, judged.evidence),
                ),
            )
