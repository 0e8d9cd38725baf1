"""/etc/resolv.conf lists more name servers or search domains than resolvers use."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(severity=Severity.INFO, ok="resolvers use every server and domain that is listed")
def too_many(dns: HostDns) -> Iterator[Finding]:
    """resolv.conf lists more name servers or search domains than resolvers use: the others are silently ignored.

    What it looks at:
        More than three nameserver lines (the C library's limit), more than six search domains or 256 characters of them (the
        limit of glibc before 2.26 and of many container images).

    Why it matters:
        The fourth server is never queried, even if a user relies on it. kubelet reports DNSConfigForming for each pod.
        Containers inherit the lines.

    How it is fixed:
        Manually: remove unneeded lines.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
    """
    if dns.config is None:
        return
    servers, domains = dns.config.nameservers, dns.config.search
    wrong = []
    if len(servers) > 3:
        wrong.append(f"{len(servers)} name servers, of which only 3 are queried")
    if len(domains) > 6 or len(" ".join(domains)) > 256:
        wrong.append(f"{len(domains)} search domains, of which older resolvers use only 6")
    if wrong:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"{RESOLV_CONF} lists {' and '.join(wrong)}",
            evidence=(Evidence(RESOLV_CONF, ", ".join((*servers, *domains))),),
        )
