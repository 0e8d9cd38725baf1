"""Containers' packets leave with a source that this host does not have."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.firewall.translations import RENAMED, Translation, Translations
from doctor.facts.path.paths import Paths
from doctor.model.text import in_words


@check(
    severity=Severity.WARNING,
    detail=Translation,
    breaks=("egress", "dns"),
    ok="no foreign rule gives containers' packets a source that this host does not have",
)
def foreign_snat(
    translations: Translations, paths: Paths | Missing, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """A rule of somebody else translates containers' outgoing packets to an address that no interface of this host has.

    What it looks at:
        An outgoing packet of each network is followed through the chains of type nat at postrouting, of iptables and of nft, in their
        order. A finding is a rule of others that certainly translates its source first, to an address that is not on this host, or
        that only its loopback has, and did not have at the last healthy scan.

    Why it matters:
        The first translation counts, Docker's MASQUERADE is then not evaluated. Answers arrive only if the network routes that
        address to this host: after a move to another address or provider it does not.

    How it is fixed:
        Doctor asks whether to remove the rule; an undo adds it again at its place. If the address belongs to this host, add it to an
        interface, or waive the finding where the network routes it here.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for item in translations.of(RENAMED):
        if item.holder and not _is_new(item.target, record):
            # A routing daemon announces such an address.
            continue
        held = f"which only {item.holder} of this host has" if item.holder else "which no interface of this host has"
        yield Finding(
            subject=Subject("rule", item.place.subject),
            message=f"{in_words(item.packets)} leave with the source {item.target}, {held}: {item.place.words}",
            evidence=(
                Evidence(item.place.command, item.place.text),
                *(Evidence("path", says) for says in item.sayings(paths)),
            ),
            detail=item,
        )


def _is_new(address: str, record: HealthyNetwork | Missing) -> bool:
    """Whether the last healthy scan did not see an address; not known without one."""
    return not isinstance(record, Missing) and all(one.address != address for one in record.namespace.addresses)
