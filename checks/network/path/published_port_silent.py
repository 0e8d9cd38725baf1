"""No program in a container listens at a published port."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.inner_listeners import AllInnerListeners
from doctor.model.text import in_words

_RANGE = 16
_SHOWN = 6


@check(severity=Severity.INFO, ok="a program listens at each published TCP port")
def published_port_silent(sockets: AllInnerListeners) -> Iterator[Finding]:
    """No program in a container listens at a published port, or only on 127.0.0.1 of the container, so connections to it fail.

    What it looks at:
        The listening TCP sockets in the network namespace of each running container with published ports (of the first 16). Left out
        are containers that started less than a minute ago, those that may redirect packets themselves (NET_ADMIN), those of a
        runtime with a network of its own (gVisor), and more than 16 such ports of one container: a program opens these later.

    Why it matters:
        ``docker ps`` shows the port and the firewall forwards it, but the container answers with a reset. Usually the number behind
        the colon of ``-p 8080:80`` is not the program's, or the program listens on 127.0.0.1, which is another one in each container.

    How it is fixed:
        Not at all, if the program opens the port later. Otherwise create the container again with the port at which the program
        listens, or let the program listen on 0.0.0.0.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    for one in sockets.items:
        closed = one.closed
        if not closed or len(closed) > _RANGE:
            continue
        inside = {port: one.loopback(port) for port in closed}
        several = len(closed) > 1
        yield Finding(
            subject=Subject("container", one.container),
            message=(
                f"{'ports' if several else 'port'} {_list(closed)} of container {one.container} "
                f"{'are' if several else 'is'} published, but {_why(inside, one.open)}: connections to "
                f"{'them' if several else 'it'} fail"
            ),
            evidence=(
                Evidence("programs in it are reached at", _list(one.open) if one.open else "no TCP port"),
                *(Evidence("listens only in the container", f"{at}:{port}") for port, at in inside.items() if at),
            ),
        )


def _why(inside: dict[int, str], others: tuple[int, ...]) -> str:
    local = sorted({address for address in inside.values() if address})
    if local and all(inside.values()):
        return f"the program listens only on {in_words(local[:2])} inside"
    return (
        f"its programs listen at {_list(others)} alone" if others else "no program in it can be reached at a TCP port"
    )


def _list(ports: tuple[int, ...]) -> str:
    more = len(ports) - _SHOWN
    return in_words([*(f"{port}/tcp" for port in ports[:_SHOWN]), *([f"{more} more"] if more > 0 else [])])
