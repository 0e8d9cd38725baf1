"""The arguments of the builtin ``registry``: servers, proxies, and the authorities that they are verified with."""

import threading
import time

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.builtins.answers import needed
from doctor.runtime.builtins.by_openssl import OpensslProgram, ProgramTlsStream
from doctor.runtime.builtins.streams import StepError, TlsStream
from doctor.runtime.builtins.tls import NO_TLS, ssl
from doctor.runtime.plan.reader import FieldReader

if TYPE_CHECKING:
    from doctor.runtime.builtins.streams import Stream, TlsOver


class RegistryTalk:
    """Shared by all targets of one run."""

    def __init__(self, reader: FieldReader) -> None:
        timeout = reader.fraction("timeout_s", 0.1, 60) or 3.0
        self.servers = list(reader.texts("servers"))
        self.stores = {
            name: list(map(str, files)) for name, files in reader.mapping("stores").items() if isinstance(files, list)
        }
        self.deadline = time.monotonic() + timeout
        path = reader.path("openssl")
        self._program = None if path is None else OpensslProgram(path)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def over(self, under: "Stream", name: str, store: str = "", certificate: str = "") -> "TlsOver":
        """Return TLS over a stream: the interpreter's, else by the host's openssl. Raises ``StepError`` if there is neither.

        Without a store, nothing is verified: nothing is sent then but a request without credentials.
        """
        if ssl is not None:
            return TlsStream(under, self._context(store, certificate), name)
        if self._program is None or not self._program.version():
            under.close()
            lacks = (
                "the host has no openssl"
                if self._program is None
                else f"{self._program.path} is not OpenSSL 1.1 or newer"
            )
            raise StepError(NO_TLS, lacks)
        return ProgramTlsStream(under, self._program, name, (store, self.stores.get(store, [])), certificate)

    def _context(self, store: str, certificate: str) -> "ssl.SSLContext":
        """Return TLS settings; those of one store are made once, for it costs 10 ms."""
        key = f"{store}\0{certificate}"
        with self._lock:
            if key not in self._contexts:
                self._contexts[key] = self._made(store, certificate)
            return self._contexts[key]

    def _made(self, store: str, certificate: str) -> "ssl.SSLContext":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # Go knows no such levels
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # nor older versions
        if store:
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = True
            # Go takes any certificate of its store as an authority, and no common name for a host's name.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.hostname_checks_common_name = False
            for path in self.stores.get(store, []):
                try:
                    context.load_verify_locations(cafile=path)
                except (OSError, ssl.SSLError):
                    continue  # Go leaves out what holds no certificate
        if certificate:
            try:
                context.load_cert_chain(f"{certificate}.cert", f"{certificate}.key")
            except (OSError, ssl.SSLError) as error:
                raise StepError("client-certificate", str(error)) from None
        return context


class TalkTarget:
    """One server to talk to, and what came of it."""

    def __init__(self, source: object, where: str) -> None:
        reader = FieldReader(source, where)
        self.id = needed(reader.text("id"), "id")
        self.host, self.port = needed(reader.text("host"), "host"), reader.number("port", 1, 65535) or 443
        self.tls, self.store = reader.flag("tls", default=True), reader.text("store") or ""
        self.certificate = reader.text("certificate") or ""
        self.names, self.addresses = list(reader.texts("names")), list(reader.texts("addresses"))
        self.path, self.method = reader.text("path", "/v2/") or "/v2/", reader.text("method", "GET") or "GET"
        raw, then = reader.take("proxy"), reader.take("then")
        reader.end()
        self.proxy = None if raw is None else TalkProxy(raw, f"{where}.proxy")
        self.then = None if then is None else TalkTarget(then, f"{where}.then")
        self.token = ""
        self.said: dict[str, object] = {"id": self.id, "step": "resolve", "problem": ""}


class TalkProxy:
    """The proxy on the way to a target."""

    def __init__(self, source: object, where: str) -> None:
        reader = FieldReader(source, where)
        self.host, self.port = needed(reader.text("host"), "host"), reader.number("port", 1, 65535) or 80
        self.tls, self.store = reader.flag("tls"), reader.text("store") or ""
        self.certificate = ""
        self.login = reader.text("login") or ""
        self.names, self.addresses = list(reader.texts("names")), list(reader.texts("addresses"))
        reader.end()
