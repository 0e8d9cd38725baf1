"""A reload of the nftables service removes Docker's rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.firewall.packet_filter import NFT, Firewall
from doctor.facts.network.networks import Networks


@check(severity=Severity.WARNING, detail=OfFile, ok="no enabled service flushes every rule of the host")
def nftables_service_flushes(
    files: FirewallFiles, networks: Networks, firewall: Firewall | Missing
) -> Iterator[Finding]:
    """The nftables service is enabled and its file begins with ``flush ruleset``: each reload removes Docker's rules.

    What it looks at:
        /etc/nftables.conf (or the distribution's own path), and whether the service is enabled. Rules in the legacy backend of
        iptables are not affected.

    Why it matters:
        ``systemctl restart nftables``, or an upgrade of its package, empties every table, including those of iptables-nft and
        of dockerd. dockerd does not notice: containers have no outside connections until docker is restarted or doctor repairs
        the rules.

    How it is fixed:
        Manually: change the file so that it replaces only its own table.

    References:
        https://wiki.nftables.org/wiki-nftables/index.php/Atomic_rule_replacement
    """
    conf = files.nftables
    legacy = not isinstance(firewall, Missing) and firewall.backend not in {NFT, ""}
    if conf is not None and conf.is_enabled and conf.flush_line and networks.bridges and not legacy:
        yield Finding(
            subject=Subject("file", conf.path),
            message=f"{conf.path} flushes the whole rule set: each restart of the nftables service removes Docker's rules",
            evidence=(
                Evidence(f"{conf.path}:{conf.flush_line}", "flush ruleset"),
                Evidence("nftables", "enabled at boot"),
            ),
            detail=OfFile(path=conf.path),
        )
