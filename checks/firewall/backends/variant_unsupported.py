"""The kernel can't do the variant of iptables that the engine runs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.firewall.backends import by_owner, is_switched
from doctor.facts.firewall.details import WrongVariant
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.firewall.variants import FirewallVariants, Variant
from doctor.facts.kernel.features import JudgedFeature
from doctor.model.text import in_words


@check(
    severity=Severity.CRITICAL,
    detail=WrongVariant,
    breaks=("egress", "port"),
    causes=("kernel/module-not-loadable",),
    stops_start=True,
    ok="the kernel has what the iptables command uses",
    messages=(
        Message(
            pattern=r"(?:iptables v[\d.]+ \(legacy\): )?can't initialize ip6?tables table(?!.*you must be root).*|Table does not exist \(do you need to insmod\?\)(?: Perhaps ip6?tables or your kernel needs to be upgraded\.)?",
            example="iptables v1.8.10 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
            means="iptables is the legacy variant, and the kernel has no legacy tables (ip_tables, iptable_nat): it was built without them, or their modules are missing",
            do="choose the other variant with 'ln -sf /usr/sbin/iptables-nft /etc/alternatives/iptables' (likewise -save and -restore) and restart the engine; in a container, run 'modprobe ip_tables' on the outer host",
            also=("kernel/reboot-needed", "kernel/module-not-loadable", "kernel/module-blacklisted"),
            apart="whether /lib/modules has a directory for 'uname -r' (if not: reboot), and whether 'iptables -V' says legacy",
        ),
        Message(
            pattern=r"(?:iptables v[\d.]+ \(nf_tables\): .*?)?(?:(?:RULE|TABLE|CHAIN)_\w+ failed \(.*|Could not fetch rule set generation id: (?!Permission).*)",
            example="iptables --wait -A DOCKER-ISOLATION-STAGE-1 -j RETURN: iptables v1.8.7 (nf_tables): RULE_APPEND failed (No such file or directory): rule in chain DOCKER-ISOLATION-STAGE-1",
            means="iptables is the nft variant, and the kernel lacks a part of nf_tables that it needs (nft_compat, counters, tables for IPv4), as older kernels of WSL do",
            do="choose the other variant with 'ln -sf /usr/sbin/iptables-legacy /etc/alternatives/iptables' (likewise -save and -restore) and restart the engine, or boot another kernel",
            also=("kernel/feature-missing", "kernel/module-not-loadable", "kernel/reboot-needed"),
            apart="whether /lib/modules has a directory for 'uname -r' (if not: reboot), and what 'zgrep NFT_COMPAT /proc/config.gz' or /boot/config-* shows",
        ),
        Message(
            pattern=r"Failed to initialize nft: .*",
            example="iptables/1.8.2 Failed to initialize nft: Protocol not supported",
            means="iptables is the nft variant, and the running kernel has no nf_tables: its modules are missing after an upgrade without a reboot, or it was built without them",
            do="reboot after a kernel upgrade; otherwise choose the other variant with 'ln -sf /usr/sbin/iptables-legacy /etc/alternatives/iptables' (likewise -save and -restore) and restart the engine",
            also=("kernel/reboot-needed", "kernel/module-not-loadable", "kernel/feature-missing"),
            apart="whether /lib/modules has a directory for 'uname -r' (if not: reboot)",
        ),
    ),
)
def variant_unsupported(
    variants: FirewallVariants, firewall: Firewall | Missing, rules: EngineRules | Missing
) -> Iterator[Finding]:
    """The iptables command is the variant (legacy or nft) that the running kernel can't do, so the engine does not start.

    What it looks at:
        The program to which the command ``iptables`` points, and the parts of the kernel that it uses: loaded modules, the module
        list of the running kernel, modprobe.d, and the build config. The legacy variant needs ip_tables, iptable_filter and
        iptable_nat; the nft variant nf_tables with tables for IPv4, nft_compat (for conntrack, addrtype, MASQUERADE and DNAT,
        in every release of iptables), chains of the type nat and, before kernel 5.17, nft_counter. If a network has IPv6, the
        same for ip6tables. In a container without the modules, only ip_tables is certain: the kernel loads the others itself.

    Why it matters:
        dockerd runs this command for each rule. It fails at the first one, and dockerd exits with "failed to register
        bridge driver: failed to create NAT chain DOCKER: iptables failed".

    How it is fixed:
        If the kernel can do the other variant, its programs are installed, and the current variant holds no rules of others, the
        links in /etc/alternatives are pointed to the other variant, a FORWARD policy DROP is set there too, rules that a failed start of
        the engine left are removed, and the engine is started. Otherwise manually, with the module or another kernel.

    References:
        https://wiki.debian.org/nftables#Reverting_to_legacy_xtables
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    if isinstance(firewall, Firewall) and isinstance(rules, EngineRules) and is_switched(firewall, rules):
        return
    for family, used in ((4, variants.used), (6, variants.used6)):
        lacks = () if used is None else tuple(one for one in used.lacks if not one.feature.name.endswith("_raw"))
        if used is not None and lacks:
            saved = None if isinstance(firewall, Missing) else firewall.v4
            yield _finding(variants, family, used, lacks, saved, None if isinstance(rules, Missing) else rules)


def _finding(  # noqa: PLR0917 - the parts of one finding
    variants: FirewallVariants,
    family: int,
    used: Variant,
    lacks: tuple[JudgedFeature, ...],
    saved: Saved | None,
    rules: EngineRules | None,
) -> Finding:
    command = "iptables" if family == 4 else "ip6tables"
    own, foreign = ({}, None) if saved is None else by_owner(saved, rules)
    names = in_words([one.feature.name for one in lacks])
    effect = "the engine does not start" if family == 4 else "networks with IPv6 can't be created"
    return Finding(
        subject=Subject("command", command),
        message=f"{command} is the {used.name} variant, and kernel {variants.kernel} lacks {names}: {effect}",
        severity=None if family == 4 else Severity.ERROR,
        stops_start=None if family == 4 else False,
        evidence=(
            Evidence(variants.command.path, variants.command.target),
            *(Evidence(one.feature.name, one.evidence) for one in lacks),
            Evidence(f"the {variants.other.name} variant", _of_other(variants)),
        ),
        detail=WrongVariant(
            used=used.name,
            other=variants.other.name,
            other_works=variants.other.is_able,
            states=tuple(one.state for one in lacks),
            modules=tuple(one.feature.modules[0] for one in lacks),
            keeps_rules=not used.is_empty and foreign != 0,
            saved=saved,
            engine_rules=own,
            switches=variants.switches,
        ),
    )


def _of_other(variants: FirewallVariants) -> str:
    if variants.other.is_able:
        return "the kernel has all that it needs"
    lacks = variants.other.lacks
    if lacks:
        return "; ".join(dict.fromkeys(one.evidence for one in lacks))
    return "unknown: " + "; ".join(
        dict.fromkeys(one.evidence for one in variants.other.judged if one.state == "unknown")
    )
