"""Proxy variables as Go's HTTP client reads them (golang.org/x/net/http/httpproxy)."""

import base64
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from msgspec import Struct

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class ProxyAddress(Struct, frozen=True, kw_only=True):
    """A proxy: its scheme, host and port, and the Proxy-Authorization header that its credentials make ("" without)."""

    scheme: str
    host: str
    port: int
    login: str = ""

    @property
    def place(self) -> str:
        """Return its address for display, without credentials."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def __repr__(self) -> str:
        return self.place


def parse(text: str) -> ProxyAddress | None:
    """Return the proxy that a variable names, ``None`` if Go uses no proxy or rejects it. Without a host it is this one;
    of a port that is not a number Go makes the host "http".

    >>> parse("proxy.lan:3128"), parse("HTTP://u:p%40@proxy.lan"), parse(":0"), parse("http://proxy:x"), parse("")
    (http://proxy.lan:3128, http://proxy.lan:80, http://localhost:0, http://http:80, None)
    """
    for candidate in (text, f"http://{text}"):
        try:
            url = urlsplit(candidate)
            port = url.port
        except ValueError:
            continue
        if not url.netloc or url.scheme not in _PORTS:
            continue
        login = ""
        if url.username is not None:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            login = f"Basic {base64.b64encode(pair.encode('utf-8', 'surrogateescape')).decode()}"
        used = _PORTS[url.scheme] if port is None else port
        return ProxyAddress(scheme=url.scheme, host=url.hostname or "localhost", port=used, login=login)
    return None


def is_bypassed(no_proxy: str, host: str, port: int) -> bool:
    """Whether requests to a host go without the proxy.

    >>> [is_bypassed(".lan, 10.0.0.0/8, hub.example:5000,*.x.org", *to) for to in (
    ...     ("a.lan", 443), ("lan", 443), ("10.1.2.3", 80), ("hub.example", 443), ("hub.example", 5000), ("y.x.org", 1))]
    [True, False, True, False, True, True]
    >>> is_bypassed("example.com", "eu.example.com", 443), is_bypassed("*", "a", 1), is_bypassed("", "127.0.0.1", 80)
    (True, True, True)
    """
    host = host.lower().strip()
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*":
            return True
        if "/" in entry:
            try:
                if address is not None and address in ip_network(entry, strict=False):
                    return True
            except ValueError:
                pass
            continue
        name, wanted = _split(entry)
        if not name or (wanted and wanted != str(port)):
            continue
        if address is not None:
            if name == host:
                return True
        elif _names(name, host):
            return True
    return False


def _split(entry: str) -> tuple[str, str]:
    """Return host and port of an entry; an IPv6 address has its port after brackets."""
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _names(name: str, host: str) -> bool:
    name = name.removeprefix("*") if name.startswith("*.") else name
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")
