"""The registries that the engine of this host pulls from, and what it goes there with: proxy, authorities, addresses."""

from typing import Annotated

from msgspec import Struct, field

from doctor.formats.network.http_proxy import ProxyAddress, is_bypassed, parse
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded

HUB = "registry-1.docker.io"
HUB_TOKENS = "auth.docker.io"
DEFAULT = "the engine's default registry"
"""Why Docker Hub is asked on a host that shows no other registry in use."""
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


class Registry(Struct, frozen=True, kw_only=True):
    """One registry or mirror.

    Attributes:
        host, port: where it is.
        tls: whether the engine begins with TLS; only a mirror given as http:// has none.
        is_insecure: whether the engine accepts any certificate and plain HTTP (``insecure-registries``).
        source: what names it, for display.
        is_mirror: whether it is a mirror of Docker Hub.
        is_needed: whether this host certainly uses it: an image was pulled from it, it is a mirror, or the host has no images
            yet and no other registry. ``directory`` is the name of its directory in /etc/docker/certs.d, "" if the engine
            reads none for it. One that only a login or a directory of certificates names may be a remainder.
    """

    host: str
    port: int
    tls: bool = True
    is_insecure: bool = False
    source: str
    is_mirror: bool = False
    is_needed: bool = False
    directory: str = ""

    @property
    def name(self) -> str:
        """Return its name as in an image's name ("registry.lan:5000")."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    @property
    def is_hub(self) -> bool:
        """Whether it is Docker Hub."""
        return self.host == HUB


class EngineProxies(Guarded, frozen=True, kw_only=True):
    """The proxies that the engine uses: those of the running one, else of the next start.

    Attributes:
        https, http: as given, "" for none; they may hold passwords.
        no_proxy: hosts that are reached without.
        source: where they come from, for display.
        pending: whether the settings now name another proxy than the running engine has.
    """

    https: Annotated[str, SECRET] = ""
    http: Annotated[str, SECRET] = ""
    no_proxy: str = ""
    source: str = ""
    pending: bool = False

    def to(self, host: str, port: int, *, tls: bool = True) -> ProxyAddress | None:
        """Return the proxy on the way to a host, ``None`` for a direct way."""
        given = self.https if tls else self.http
        return None if not given or is_bypassed(self.no_proxy, host, port) else parse(given)


class Registries(Struct, frozen=True, kw_only=True):
    """Where the engine pulls from, and how it gets there.

    Attributes:
        items: the registries, the most important first.
        left_out: how many more there are.
        proxies: the proxies.
        store: files with the authorities that the engine trusts, links followed.
        late: SHA-256 → file of authorities that were added to the host after the engine had started.
        trusts: registry → whether the running engine accepts its certificate; it is asked only if an authority is late.
        asked_s: seconds that this took: they are part of the limit of all talk with registries.
        hosts: name → addresses of /etc/hosts, for registries and proxies.
        other_names: sources of names in nsswitch.conf besides files and DNS.
        servers: name servers of the host, at most three.
        search: its search domains.
        openssl: the host's program that speaks TLS for a doctor without; ``None`` if this doctor has TLS, or the host no such
            program. ``openssl_needs``: the directories and files that it is read from.
        has_way_out: whether the host has a default route; ``None`` if unknown.
        gaps: what could not be examined.
    """

    items: tuple[Registry, ...] = ()
    left_out: int = 0
    proxies: EngineProxies = field(default_factory=EngineProxies)
    store: tuple[HostPath, ...] = ()
    late: dict[str, HostPath] = {}
    trusts: dict[str, bool] = {}
    asked_s: float = 0.0
    hosts: dict[str, tuple[str, ...]] = {}
    other_names: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    openssl: HostPath | None = None
    openssl_needs: tuple[HostPath, ...] = ()
    has_way_out: bool | None = None
    gaps: tuple[Missing, ...] = ()

    def spellings(self, name: str) -> tuple[str, ...]:
        """Return the full names that a resolver asks for, in order (resolv.conf, ndots 1)."""
        bare = name.rstrip(".")
        longer = tuple(f"{bare}.{domain.strip('.')}" for domain in self.search[:3] if domain.strip("."))
        return (bare, *longer) if "." in bare else (*longer, bare)


def registry_of(reference: str) -> str:
    """Return the registry of an image's name: "docker.io" for a name without one.

    >>> registry_of("app:1"), registry_of("library/app"), registry_of("quay.io/a/b@sha256:0"), registry_of("localhost/x")
    ('docker.io', 'docker.io', 'quay.io', 'localhost')
    """
    first, slash, _ = reference.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    return first if is_host and first not in _HUB_NAMES else "docker.io"


def place_of(text: str) -> tuple[str, int, bool] | None:
    """Return host, port and TLS of a registry in a setting: a URL, or a host with an optional port; ``None`` for neither.

    >>> place_of("https://mirror.lan"), place_of("http://10.0.0.5:5000/"), place_of("reg:5000"), place_of("10.0.0.0/8")
    (('mirror.lan', 443, True), ('10.0.0.5', 5000, False), ('reg', 5000, True), None)
    >>> place_of("https://index.docker.io/v1/"), place_of("[::1]:5000"), place_of("bad name"), place_of("host:99999")
    (('registry-1.docker.io', 443, True), ('::1', 5000, True), None, None)
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - only the probe reads registries

    if "://" not in text and "/" in text.rstrip("/") and text.rsplit("/", maxsplit=1)[-1].isdigit():
        return None
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        port = url.port
    except ValueError:
        return None
    host = url.hostname or ""
    if not host or url.scheme not in {"http", "https"} or not _is_host(host):
        return None
    if host in _HUB_NAMES:
        return HUB, 443, True
    tls = url.scheme == "https"
    return host, port or (443 if tls else 80), tls


def _is_host(host: str) -> bool:
    labels = host.rstrip(".").split(".")
    is_name = all(0 < len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum() for label in labels)
    return len(host) <= 253 and host.isascii() and (is_name or ":" in host)
