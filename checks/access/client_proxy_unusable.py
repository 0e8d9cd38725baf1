"""A user's docker client gives containers a proxy that they can't reach."""

from collections.abc import Iterator
from ipaddress import ip_address

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.registry.clients import DockerClient, DockerClients


@check(severity=Severity.WARNING, detail=DockerClient, ok="proxies of docker clients lead out of containers")
def client_proxy_unusable(clients: DockerClients) -> Iterator[Finding]:
    """The settings of a user's docker client name a proxy on the loopback address, which is the container itself for each container.

    What it looks at:
        ``proxies.default`` in ``.docker/config.json`` of root and of users with a home directory in /home. Whether any other
        proxy answers is not tried.

    Why it matters:
        The client sets HTTP_PROXY and HTTPS_PROXY in each new container and in each build. With 127.0.0.1 or localhost, every
        download there fails with "connection refused", although the host and the engine reach everything.

    How it is fixed:
        Manually, since it is the user's own file: name an address of the host that containers reach, and let the proxy listen on
        it. Containers keep the variables that they were created with. A container with ``--network host`` can use it.

    References:
        https://docs.docker.com/engine/cli/proxy/
    """
    for client in clients.items:
        inner = {key: proxy.place for key, proxy in client.proxies.items() if _is_loopback(proxy.host)}
        if inner:
            yield Finding(
                subject=Subject("file", client.path),
                message=f"{client.path} gives containers and builds the proxy {next(iter(inner.values()))}, which is the container itself: "
                "their downloads fail",
                evidence=tuple(Evidence(client.path, f"{key}: {place}") for key, place in inner.items()),
                detail=client,
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
