"""The authorities that the engine trusts: the files that Go's crypto/x509 reads (root_linux.go, root_unix.go)."""

import base64
import hashlib
import re

from doctor.facts.engine.state import EngineState
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, is_beneath, join

_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")
_BUNDLED = ("/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
"""The bundle holds these already; links to them need not be read one by one."""
_ADDED = (
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/pki/trust/anchors",
)
_MOST = 64
_MOST_BYTES = 1 << 20
_PEM = rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"


def store(host: Host, state: EngineState | Missing) -> tuple[HostPath, ...]:
    """Return the files that the engine's trust comes from."""
    given = _environment(host, state)
    files = [given["SSL_CERT_FILE"]] if given.get("SSL_CERT_FILE") else list(_FILES)
    bundle = next((real for file in files if (real := _file(host, HostPath(file))) is not None), None)
    directories = given["SSL_CERT_DIR"].split(":") if given.get("SSL_CERT_DIR") else list(_DIRECTORIES)
    found = [] if bundle is None else [bundle]
    for directory in directories:
        found += [one for one in _own(host, HostPath(directory)) if one not in found]
    return tuple(found[:_MOST])


def _environment(host: Host, state: EngineState | Missing) -> dict[str, str]:
    if isinstance(state, Missing) or not state.pid:
        return {}
    try:
        values = host.environ(state.pid)
    except HostError:
        return {}
    return {name: values[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if values.get(name, "").startswith("/")}


def _file(host: Host, path: HostPath) -> HostPath | None:
    try:
        real = host.resolve(path)
        return real if host.lstat(real).kind == "f" else None
    except HostError:
        return None


def _own(host: Host, directory: HostPath) -> list[HostPath]:
    """Return files of a directory that someone put there by hand: Go reads them, although no bundle has them."""
    found = []
    try:
        entries = list(host.scandir(directory))
    except HostError:
        return []
    for name, kind in entries:
        if kind == "f":
            found.append(join(directory, name))
        elif kind == "l":
            try:
                target = host.readlink(join(directory, name))
            except HostError:
                continue
            if target.startswith("/") and not any(is_beneath(target, top) for top in (*_BUNDLED, directory)):
                real = _file(host, join(directory, name))
                found += [] if real is None else [real]
    return sorted(found)[:_MOST]


def late_authorities(host: Host, started: float) -> dict[str, HostPath]:
    """Return SHA-256 → file of authorities that were added after the engine's start: it read its store before."""
    found: dict[str, HostPath] = {}
    if not started:
        return found
    for directory in _ADDED:
        try:
            names = sorted(host.listdir(HostPath(directory)))
        except HostError:
            continue
        for name in names[:_MOST]:
            path = join(HostPath(directory), name)
            try:
                if host.lstat(path).mtime_ns / 1e9 <= started:
                    continue
                content = host.read(path, limit_bytes=_MOST_BYTES)
            except HostError:
                continue
            found |= dict.fromkeys(_digests(content), path)
    return found


def _digests(content: bytes) -> list[str]:
    found = []
    for block in re.findall(_PEM, content)[:_MOST]:
        try:
            found.append(hashlib.sha256(base64.b64decode(b"".join(block.split()), validate=True)).hexdigest())
        except ValueError:
            continue
    return found
