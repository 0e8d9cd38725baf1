"""A foreign nat rule redirects a published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.cuts import Hijack, TrafficCuts
from doctor.facts.firewall.translations import DIVERTED, Translation, Translations
from doctor.facts.path.paths import Paths
from doctor.model.text import in_words


@check(
    severity=Severity.WARNING,
    detail=Hijack | Translation,
    breaks=("port", "dns"),
    ends=("rule", "taken", "wrong-way", "proxy-missing"),
    ok="no foreign nat rule redirects a published port",
)
def nat_hijack(cuts: TrafficCuts, translations: Translations | Missing, paths: Paths | Missing) -> Iterator[Finding]:
    """A foreign rule in nat PREROUTING redirects packets of a published port, or DNS queries of containers to a dead port.

    What it looks at:
        A packet to each published port is followed through nat PREROUTING in the output of iptables-save, of both backends, and
        through the chains of type nat in nft tables. A finding is a rule above the engine's that certainly translates, redirects or
        accepts it. A container's DNS query is followed too: a redirection to a port of this host on which no program listens is a
        finding.

    Why it matters:
        Clients outside reach another service, or nothing, while the port answers on the host itself. Containers whose queries are
        redirected to a dead port resolve no name.

    How it is fixed:
        The rule may belong to a service mesh, a VPN or an administrator: publish the container on another port, or remove the rule
        where it is created. Doctor asks whether to remove it; an undo adds it again at its place.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for hijack in cuts.hijacks:
        yield Finding(
            subject=Subject("port", f"{hijack.container} {hijack.port}"),
            message=f"a foreign nat rule redirects clients of container {hijack.container} on {hijack.port} elsewhere: {hijack.rule}",
            evidence=(Evidence("iptables-save", hijack.rule),),
            detail=hijack,
        )
    for item in () if isinstance(translations, Missing) else translations.of(DIVERTED):
        yield Finding(
            subject=Subject("rule", item.place.subject),
            message=f"a foreign rule sends {in_words(item.packets)} to {item.target}: {item.place.words}",
            evidence=(
                Evidence(item.place.command, item.place.text),
                *(Evidence("path", says) for says in item.sayings(paths)),
            ),
            detail=item,
        )
