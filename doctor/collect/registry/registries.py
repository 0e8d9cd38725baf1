"""Collects the registries of settings, images, logins and the engine's log, and what the engine goes there with."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.collect.registry.openssl import openssl
from doctor.collect.registry.refused import refused_registries
from doctor.collect.registry.trust import late_authorities, store
from doctor.collect.registry.way import addresses, engine_proxies, other_names
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.facts.images.images import Images
from doctor.facts.network.dns import HostDns
from doctor.facts.network.links import Links
from doctor.facts.registry.certificates import RegistryCertificates
from doctor.facts.registry.clients import DockerClients
from doctor.facts.registry.registries import DEFAULT, HUB, HUB_TOKENS, Registries, Registry, place_of, registry_of
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_MOST = 64
_MOST_TRIED = 2
_TRY_S = 0.6
_LOCAL = ("127.", "localhost", "::1")


class _Found:
    """Registries by place; the first source that names one is shown."""

    def __init__(self, insecure: frozenset[str], *, in_containerd: bool) -> None:
        self._insecure, self._in_containerd = insecure, in_containerd
        self._items: dict[tuple[str, int], Registry] = {}

    def add(self, text: str, source: str, *, is_needed: bool = False, is_mirror: bool = False) -> None:
        """Add the registry that a text names, if it names one."""
        place = place_of(text)
        if place is None:
            return
        host, port, tls = place
        known = self._items.get((host, port))
        self._items[host, port] = Registry(
            host=host,
            port=port,
            tls=tls or not is_mirror,
            is_insecure=bool({host, f"{host}:{port}"} & self._insecure) or host.startswith(_LOCAL),
            source=source if known is None or (is_needed and not known.is_needed) else known.source,
            is_mirror=is_mirror or (known is not None and known.is_mirror),
            is_needed=is_needed or (known is not None and known.is_needed),
        )

    def items(self) -> tuple[Registry, ...]:
        """Return them, those in use first."""
        found = (replace(one, directory=self._directory(one)) for one in self._items.values())
        return tuple(sorted(found, key=lambda one: (not one.is_needed, not one.is_hub)))

    def _directory(self, one: Registry) -> str:
        """Return the directory of its certificates: none for Docker Hub itself (moby registry/service_v2.go).

        With images in containerd's store, that of docker.io counts for Docker Hub and for its mirrors (seen with 28.5).
        """
        if self._in_containerd and (one.is_hub or one.is_mirror):
            return "docker.io"
        return "" if one.is_hub else one.name


@collector
def registries(  # noqa: PLR0917 - facts
    host: Host,
    config: EngineConfig,
    state: EngineState | Missing,
    info: EngineInfo | Missing,
    images: Images | Missing,
    stores: ContainerdLists | Missing,
    clients: DockerClients | Missing,
    certificates: RegistryCertificates | Missing,
    dns: HostDns | Missing,
    links: Links | Missing,
) -> Registries:
    """Return the registries; missing on a disk that does not run."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "not a running machine, so it reaches no registry"))
    proxies = engine_proxies(host, config, state, info)
    references = tuple(_references(images, stores))
    found = _found(
        config,
        references,
        clients,
        certificates,
        has_proxy=bool(proxies.https),
        in_containerd=not isinstance(info, Missing)
        and docker.SNAPSHOTTER_MARK in info.driver_status.get("driver-type", ""),
        is_fresh=not references and not isinstance(images, Missing),
        refused=refused_registries(host),
    )
    started = state.started if isinstance(state, EngineState) and state.is_running else 0.0
    named = [one.host for one in found]
    named += [proxy.host for one in found if (proxy := proxies.to(one.host, one.port, tls=one.tls)) is not None]
    late = late_authorities(host, started)
    began = host.now()
    trusts = _trusts(host, found) if late else {}
    resolver = None if isinstance(dns, Missing) else dns.config
    program, needs = openssl(host)
    return Registries(
        items=found[:_MOST],
        left_out=max(0, len(found) - _MOST),
        proxies=proxies,
        store=store(host, state),
        late=late,
        trusts=trusts,
        asked_s=min(max(0.0, host.now() - began), _MOST_TRIED * _TRY_S),
        hosts=addresses(host, frozenset((*named, HUB_TOKENS))),
        other_names=other_names(host),
        servers=(resolver.nameservers[:3] or ("127.0.0.1",)) if resolver is not None else ("127.0.0.1",),
        search=() if resolver is None else resolver.search,
        openssl=program,
        openssl_needs=needs,
        has_way_out=None if isinstance(links, Missing) else any(r.destination == "default" for r in links.routes),
    )


def _found(
    config: EngineConfig,
    references: tuple[tuple[str, str, bool], ...],
    clients: DockerClients | Missing,
    certificates: RegistryCertificates | Missing,
    *,
    has_proxy: bool,
    in_containerd: bool,
    is_fresh: bool,
    refused: tuple[str, ...],
) -> tuple[Registry, ...]:
    insecure = _texts(config.get("insecure-registries"))
    found = _Found(frozenset(insecure), in_containerd=in_containerd)
    for mirror in _texts(config.get("registry-mirrors")):
        found.add(
            mirror, f"registry-mirrors, {config.setting('registry-mirrors').place}", is_needed=True, is_mirror=True
        )
    for registry in insecure:
        found.add(registry, f"insecure-registries, {config.setting('insecure-registries').place}")
    others = False
    for registry, reference, is_pulled in references:
        others = others or (is_pulled and registry != "docker.io")
        if is_pulled or registry != "docker.io":
            found.add(registry, f"image {reference}", is_needed=is_pulled)
    for registry, source in _of_clients(clients):
        found.add(registry, source)
    for registry in () if isinstance(certificates, Missing) else certificates.registries:
        found.add(registry, f"/etc/docker/certs.d/{registry}")
    for registry in refused:
        if registry != HUB:
            found.add(registry, "a failed request in the engine's log")
    if any(one.is_mirror for one in found.items()):
        found.add(HUB, "behind its mirrors")
    elif has_proxy:
        found.add(HUB, "behind the engine's proxy", is_needed=not others)
    elif not others:
        found.add(HUB, DEFAULT, is_needed=is_fresh and not found.items())
    return found.items()


def _references(images: Images | Missing, stores: ContainerdLists | Missing) -> Iterator[tuple[str, str, bool]]:
    """Yield registry, an image's name and whether it was pulled: only a pull or push records a digest.

    containerd's store records none by name, so where its images come from is not certain.
    """
    pulled: dict[str, str] = {}
    tagged: dict[str, str] = {}
    for reference in () if isinstance(images, Missing) else images.tags.entries:
        (pulled if "@" in reference else tagged).setdefault(registry_of(reference), reference.partition("@")[0])
    for kept in () if isinstance(stores, Missing) else stores.items:
        for image in kept.images:
            if image.namespace == docker.NAMESPACE and not image.name.startswith("sha256:"):
                tagged.setdefault(registry_of(image.name), image.name.partition("@")[0])
    yield from ((registry, reference, True) for registry, reference in pulled.items())
    yield from ((registry, reference, False) for registry, reference in tagged.items() if registry not in pulled)


def _of_clients(clients: DockerClients | Missing) -> Iterator[tuple[str, str]]:
    for client in () if isinstance(clients, Missing) else clients.items:
        for key in (*client.registries, *(key for key in client.helpers if key)):
            yield key, f"login in {client.path}"


def _trusts(host: Host, found: tuple[Registry, ...]) -> dict[str, bool]:
    """Ask the running engine for an image that does not exist, which costs no pull: it says whether it trusts the registry."""
    answers = {}
    for one in [one for one in found if not one.is_mirror][:_MOST_TRIED]:
        name = "" if one.is_hub else f"{one.name}/"
        try:
            answer = host.engine(f"/distribution/{name}doctor/absent/json", timeout_s=_TRY_S)
        except HostError:
            continue
        answers[one.name] = b"x509" not in answer.body
    return answers


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
