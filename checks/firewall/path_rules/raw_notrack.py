"""Containers' packets are kept out of connection tracking."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.translations import UNTRACKED, Translation, Translations
from doctor.facts.path.paths import Paths
from doctor.model.text import in_words


@check(
    severity=Severity.ERROR,
    detail=Translation,
    breaks=("egress", "dns"),
    ok="no foreign rule keeps containers' packets out of connection tracking",
)
def raw_notrack(translations: Translations, paths: Paths | Missing) -> Iterator[Finding]:
    """A rule of somebody else leaves containers' packets untracked, so that no rule of nat translates them.

    What it looks at:
        An outgoing packet of each network is followed through everything before connection tracking: table raw of both backends of
        iptables, and chains of nft tables at prerouting with a priority below -200. A finding is a ``notrack`` that certainly matches.

    Why it matters:
        Docker's MASQUERADE sees only tracked connections: the packets leave with the container's private address, and no answer arrives
        back. Docker's own rules look right, and published ports still answer through docker-proxy.

    How it is fixed:
        Doctor asks whether to remove the rule, which relieves busy servers of tracking and should name only their own traffic: an undo
        adds it again at its place.

    References:
        https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
        https://wiki.nftables.org/wiki-nftables/index.php/Setting_packet_connection_tracking_metainformation
    """
    for item in translations.of(UNTRACKED):
        yield Finding(
            subject=Subject("rule", item.place.subject),
            message=f"{in_words(item.packets)} are not tracked, so they leave untranslated and get no answers: {item.place.words}",
            evidence=(
                Evidence(item.place.command, item.place.text),
                *(Evidence("path", says) for says in item.sayings(paths)),
            ),
            detail=item,
        )
