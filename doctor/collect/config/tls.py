"""Reads the engine's certificates: whether they are valid now, and whether the key matches. The key is not kept."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.tls import TlsListener, TlsProblem
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

if TYPE_CHECKING:
    from doctor.formats.config import x509

_LIMIT_BYTES = 1 << 20
_CERTIFICATES = ("tlscert", "tlscacert")


@collector
def tls_listener(host: Host, config: EngineConfig) -> TlsListener:
    """Return the TLS listener; missing if the engine has none."""
    hosts = config.get("hosts")
    listens = isinstance(hosts, list) and any(str(text).startswith("tcp:") for text in hosts)
    if not listens or not any(config.get(key) is True for key in ("tls", "tlsverify")):
        raise HostError(Missing(Why.ABSENT, "the engine has no TLS listener"))
    gaps: list[Missing] = []
    found = list(_invalid(host, config, gaps))
    if not any(problem.key == "tlscert" and problem.stops_start for problem in found):
        found.extend(_foreign_key(host, config, gaps))
    return TlsListener(problems=tuple(found), gaps=tuple(gaps))


def _path(config: EngineConfig, key: str) -> HostPath | None:
    value = config.get(key) if config.is_set(key) else None
    return HostPath(value) if isinstance(value, str) and value.startswith("/") else None


def _read(host: Host, path: HostPath, gaps: list[Missing]) -> bytes | None:
    try:
        return host.read(path, limit_bytes=_LIMIT_BYTES)
    except HostError as error:
        # A missing file is the finding config/file-missing.
        if not error.is_absent:
            gaps.append(error.missing)
        return None


def _problem(config: EngineConfig, key: str, path: HostPath, why: str, *, stops: bool = False) -> TlsProblem:
    return TlsProblem(key=key, path=path, place=config.setting(key).place, why=why, stops_start=stops)


def _invalid(host: Host, config: EngineConfig, gaps: list[Missing]) -> Iterator[TlsProblem]:
    from doctor.formats.config import x509  # noqa: PLC0415 - few engines encrypt, and it costs a scan 2 ms

    for key in _CERTIFICATES:
        path = _path(config, key)
        content = None if path is None else _read(host, path, gaps)
        if path is None or content is None:
            continue
        try:
            certificates = x509.certificates(content)
        except FormatError as error:
            yield _problem(config, key, path, f"can't be read: {error}", stops=True)
            continue
        # The server sends its first certificate; of a CA bundle any valid one may be in use.
        reasons = [_time(one, host.now()) for one in (certificates[:1] if key == "tlscert" else certificates)]
        if all(reasons):
            yield _problem(config, key, path, reasons[0])


def _time(certificate: "x509.Certificate", now: float) -> str:
    if now > certificate.not_after:
        return f"expired on {time.strftime('%Y-%m-%d', time.gmtime(certificate.not_after))}"
    if now < certificate.not_before:
        return f"is not valid before {time.strftime('%Y-%m-%d', time.gmtime(certificate.not_before))}"
    return ""


def _foreign_key(host: Host, config: EngineConfig, gaps: list[Missing]) -> Iterator[TlsProblem]:
    from doctor.formats.config import x509  # noqa: PLC0415

    certificate, key = _path(config, "tlscert"), _path(config, "tlskey")
    if certificate is None or key is None:
        return
    shown, held = _read(host, certificate, gaps), _read(host, key, gaps)
    if shown is None or held is None:
        return
    if b"ENCRYPTED" in held:
        yield _problem(config, "tlskey", key, "is encrypted, and the engine has no password for it", stops=True)
        return
    try:
        public = x509.public_half(held)
    except FormatError as error:
        yield _problem(config, "tlskey", key, f"can't be read: {error}", stops=True)
        return
    if public is not None and public != x509.certificates(shown)[0].public:
        yield _problem(config, "tlskey", key, f"does not belong to {certificate}", stops=True)
