"""The test container that talks to registries: where it goes, by which proxy, and which authorities it trusts."""

import re
from ipaddress import ip_address
from typing import Any

from doctor.facts.registry.certificates import RegistryCertificates
from doctor.facts.registry.registries import Registries, Registry
from doctor.formats.network.http_proxy import ProxyAddress
from doctor.model.probing import Launch

LIMIT_S = 2.9
_SYSTEM = "system"
_PREVIEW = {"scope": "repository:ratelimitpreview/test:pull", "path": "/v2/ratelimitpreview/test/manifests/latest"}
_REALM = re.compile(r'realm="(https?)://([\w.-]{1,253})(?::(\d{1,5}))?(/[^"\s]*)?"')
_SERVICE = re.compile(r'service="([\w.:/-]{1,253})"')


class TalkOrder:
    """Builds the specification; file names of the host become short names inside the container."""

    def __init__(self, known: Registries, certificates: RegistryCertificates) -> None:
        self._known, self._certificates = known, certificates
        self._volumes: list[dict[str, Any]] = []
        self._stores = {_SYSTEM: [self._inside(path, ".pem") for path in known.store]}
        self._used: set[str] = set()

    def launch(self, targets: list[dict[str, Any]], seconds: float) -> Launch:
        """Return the container that talks to targets."""
        args = {"targets": targets, "servers": list(self._known.servers), "stores": self._stores, "timeout_s": seconds}
        volumes = self._volumes
        if self._known.openssl:
            args["openssl"] = self._known.openssl
            needs = self._known.openssl_needs
            volumes = [*volumes, *({"source": path, "target": path, "readonly": True} for path in needs)]
        container = {"id": "talk", "net": "host", "builtin": "registry", "args": args, "volumes": volumes}
        return Launch((container | {"timeout_s": seconds + 2.0},))

    def registry(self, one: Registry) -> dict[str, Any]:
        """Return the target of a registry's first request."""
        target = self._target(f"{one.host}:{one.port}", one.host, one.port, tls=one.tls)
        if not one.tls or one.is_insecure:
            return target | {"store": ""}
        store = self._store(one.directory)
        client = self._certificates.clients.get(one.directory)
        found = {"certificate": self._pair(client)} if client is not None else {}
        return target | {"store": store} | found

    def tokens(self, one: Registry, header: str) -> dict[str, Any] | None:
        """Return the target of the server that issues tokens for a registry, ``None`` if it is the registry itself."""
        found, service = _REALM.search(header), _SERVICE.search(header)
        if found is None or (found[2] == one.host and not one.is_hub):
            return None
        tls = found[1] == "https"
        port = int(found[3] or (443 if tls else 80))
        if not 0 < port < 65536:
            return None
        target = self._target(f"{one.host}:{one.port}", found[2], port, tls=tls) | {"store": _SYSTEM if tls else ""}
        target["path"] = f"{found[4] or '/'}?service={service[1]}" if service else found[4] or "/"
        if one.is_hub and service:
            target["path"] += f"&scope={_PREVIEW['scope']}"
            target["then"] = self.registry(one) | {"id": "preview", "path": _PREVIEW["path"], "method": "HEAD"}
        return target

    def _target(self, identity: str, host: str, port: int, *, tls: bool) -> dict[str, Any]:
        target: dict[str, Any] = {"id": identity, "host": host, "port": port, "tls": tls, **self._names(host)}
        proxy = self._known.proxies.to(host, port, tls=tls)
        if proxy is not None:
            target["proxy"] = self._proxy(proxy)
        return target

    def _proxy(self, proxy: ProxyAddress) -> dict[str, Any]:
        tls = proxy.scheme == "https"
        found = {"host": proxy.host, "port": proxy.port, "login": proxy.login, "tls": tls, **self._names(proxy.host)}
        return found | ({"store": _SYSTEM} if tls else {})

    def _names(self, host: str) -> dict[str, Any]:
        known = self._known.hosts.get(host.lower()) or ((host,) if _is_address(host) else ())
        return {"addresses": list(known)} if known else {"names": list(self._known.spellings(host))}

    def _store(self, name: str) -> str:
        own = self._certificates.authorities.get(name)
        if not own:
            return _SYSTEM
        if name not in self._stores:
            self._stores[name] = [*self._stores[_SYSTEM], *(self._inside(path, ".pem") for path in own)]
        return name

    def _pair(self, client: tuple[Any, Any]) -> str:
        stem = f"/certificates/client{len(self._volumes)}"
        for path, end in zip(client, (".cert", ".key"), strict=True):
            self._volumes.append({"source": path, "target": f"{stem}{end}", "readonly": True})
        return stem

    def _inside(self, path: str, end: str) -> str:
        inside = f"/certificates/{len(self._volumes)}{end}"
        self._volumes.append({"source": path, "target": inside, "readonly": True})
        return inside


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
