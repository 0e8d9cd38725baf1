"""Reads /etc/docker/certs.d as the engine does (moby registry/registry.go, ReadCertsDirectory)."""

from doctor.facts.registry.certificates import CERTS_D, CertificateFlaw, RegistryCertificates
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_MOST = 100
_MOST_BYTES = 1 << 20


class _Reader:
    """Collects what the directories hold."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.authorities: dict[str, tuple[HostPath, ...]] = {}
        self.clients: dict[str, tuple[HostPath, HostPath]] = {}
        self.flaws: list[CertificateFlaw] = []
        self.gaps: list[Missing] = []

    def directory(self, registry: str) -> None:
        """Read one registry's directory."""
        path = join(CERTS_D, registry)
        try:
            names = sorted(self.host.listdir(path))
        except HostError as error:
            if error.missing.why is not Why.ABSENT and self.host.lstat(path).kind not in {"f", "l"}:
                self.gaps.append(error.missing)
            return
        crts = [join(path, name) for name in names if name.endswith(".crt")]
        self.authorities[registry] = tuple(self._real(one) for one in crts if self._is_authority(registry, one))
        for name in names:
            if name.endswith(".cert"):
                self._client(registry, path, name.removesuffix(".cert"), names)
            elif name.endswith(".key") and f"{name.removesuffix('.key')}.cert" not in names:
                self._flaw(
                    join(path, name), registry, f"has no client certificate {name.removesuffix('.key')}.cert beside it"
                )

    def _client(self, registry: str, path: HostPath, stem: str, names: list[str]) -> None:
        certificate, key = join(path, f"{stem}.cert"), join(path, f"{stem}.key")
        if f"{stem}.key" not in names:
            why = f"has no key {stem}.key beside it (the certificate of an authority must be named *.crt)"
            self._flaw(certificate, registry, why)
            return
        from doctor.formats.config import x509  # noqa: PLC0415 - few hosts have client certificates

        shown, held = self._content(registry, certificate), self._content(registry, key)
        if shown is None or held is None:
            return
        try:
            public = x509.certificates(shown)[0].public
        except FormatError as error:
            self._flaw(certificate, registry, f"can't be read: {error}")
            return
        try:
            half = x509.public_half(held)
        except FormatError as error:
            self._flaw(key, registry, f"can't be read: {error}")
            return
        if half is not None and half != public:
            self._flaw(key, registry, f"does not belong to {certificate}")
            return
        self.clients[registry] = (self._real(certificate), self._real(key))

    def _is_authority(self, registry: str, path: HostPath) -> bool:
        """Whether the file holds a certificate that Go finds; of others the engine says nothing."""
        content = self._content(registry, path)
        if content is None:
            return False
        if b"-----BEGIN CERTIFICATE-----" in content:
            return True
        kind = "is in DER form, not PEM" if content[:1] == b"\x30" else "holds no certificate in PEM form"
        self._flaw(path, registry, kind, stops_pulls=False)
        return False

    def _content(self, registry: str, path: HostPath) -> bytes | None:
        try:
            return self.host.read(path, limit_bytes=_MOST_BYTES)
        except HostError as error:
            if error.is_absent:
                self._flaw(path, registry, "is a dangling link")
            elif error.missing.why is Why.DENIED:
                self.gaps.append(error.missing)
            else:
                self._flaw(path, registry, f"can't be read: {error.missing.reason}")
            return None

    def _real(self, path: HostPath) -> HostPath:
        try:
            return self.host.resolve(path)
        except HostError:
            return path

    def _flaw(self, path: HostPath, registry: str, why: str, *, stops_pulls: bool = True) -> None:
        self.flaws.append(CertificateFlaw(path=path, registry=registry, why=why, stops_pulls=stops_pulls))


@collector
def registry_certificates(host: Host) -> RegistryCertificates:
    """Return the files; missing if there is no such directory."""
    names = host.listdir(CERTS_D)
    reader = _Reader(host)
    for registry in sorted(names)[:_MOST]:
        reader.directory(registry)
    return RegistryCertificates(
        authorities={name: files for name, files in reader.authorities.items() if files},
        clients=reader.clients,
        flaws=tuple(reader.flaws),
        gaps=tuple(reader.gaps),
    )
