"""The rules that lead a container to the engine's name server are missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.resolvers import ADDRESS, RULES, RulelessResolver, RulelessResolvers


@check(
    severity=Severity.ERROR,
    detail=RulelessResolver,
    breaks=("dns",),
    ok="every running container on a network of a user is led to the engine's name server",
)
def embedded_nat_missing(resolvers: RulelessResolvers) -> Iterator[Finding]:
    """Rules inside a container's network namespace are missing, so it does not reach the engine's name server.

    What it looks at:
        How many rules the chains OUTPUT, POSTROUTING, DOCKER_OUTPUT and DOCKER_POSTROUTING of table nat have in the namespace of
        each running container on a network of a user, and the sockets at 127.0.0.11 there. iptables-legacy does not show
        the number: such containers are not judged, and neither are those whose /etc/resolv.conf names another server.

    Why it matters:
        The container asks 127.0.0.11:53, and the engine listens at other ports: without the rules each query times out, for names
        of containers and of hosts outside. Connections to addresses work. A program that flushes rules inside the container, or a
        host tool that enters its namespace, is the usual cause.

    How it is fixed:
        The engine's rules are restored from the ports where it listens; the container does not restart.

    References:
        https://docs.docker.com/engine/network/#dns-services
    """
    for resolver in resolvers.items:
        there = ", ".join(f"{place} {count}" for place, count in sorted(resolver.rules.items())) or "none"
        lacking = sum(max(0, count - resolver.rules.get(place, 0)) for place, count in RULES.items())
        yield Finding(
            subject=Subject("container", resolver.name),
            message=(
                f"{lacking} of the engine's 6 rules for {ADDRESS} are missing in container {resolver.name}: "
                "it resolves no names"
            ),
            evidence=(
                Evidence(f"rules of {resolver.name}", there),
                Evidence(
                    f"/proc/{resolver.pid}/net",
                    f"the engine listens at {ADDRESS}, TCP {resolver.tcp}, UDP {resolver.udp}",
                ),
            ),
            detail=resolver,
        )
