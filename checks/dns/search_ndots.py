"""/etc/resolv.conf makes each lookup try several domains first."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns

_USUAL = 2


@check(severity=Severity.INFO, ok="names of other hosts are looked up as they are first")
def search_ndots(dns: HostDns) -> Iterator[Finding]:
    """Each name of another host is first looked up in every search domain: lookups take several times as many queries.

    What it looks at:
        The option ``ndots`` of /etc/resolv.conf, if it is 3 or more, together with search domains. Names of most hosts have one
        or two dots.

    Why it matters:
        With ``ndots:5`` and four search domains, the lookup of a name with fewer dots sends ten queries instead of two, of which
        eight ask for a name that does not exist, and shows these names to the name servers of the domains. Kubernetes sets this
        in its pods; on a host, it was copied from one. The engine copies it into containers on its default network; on other
        networks it sets ``ndots:0``.

    How it is fixed:
        Manually: remove the option from the file, or from the settings of the program that writes it. Short names of the search
        domains keep working without it.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
    """
    config = dns.config
    if config is None or config.ndots <= _USUAL or not config.search:
        return
    count = len(config.search)
    domains = "the search domain" if count == 1 else f"each of {count} search domains"
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=(
            f"{RESOLV_CONF} has ndots:{config.ndots}: a name with fewer dots is looked up in {domains} first, on the host and in"
            " containers of the default network"
        ),
        evidence=(Evidence(RESOLV_CONF, f"search {' '.join(config.search)}; options ndots:{config.ndots}"),),
    )
