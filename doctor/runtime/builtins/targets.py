"""The arguments of the builtin ``registry``: servers, proxies, and the authorities that they are verified with."""

import threading
import time

from doctor.runtime.builtins.answers import needed
from doctor.runtime.builtins.streams import StepError
from doctor.runtime.builtins.tls import ssl
from doctor.runtime.plan.reader import FieldReader


class RegistryTalk:
    """Shared by all targets of one run."""

    def __init__(self, reader: FieldReader) -> None:
        timeout = reader.fraction("timeout_s", 0.1, 60) or 3.0
        self.servers = list(reader.texts("servers"))
        self.stores = {
            name: list(map(str, files)) for name, files in reader.mapping("stores").items() if isinstance(files, list)
        }
        self.deadline = time.monotonic() + timeout
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, target: "TalkTarget | TalkProxy") -> "ssl.SSLContext":
        """Return the TLS settings for a target; those of one store are made once, for it costs 10 ms."""
        key = f"{target.store}\0{target.certificate}"
        with self._lock:
            if key not in self._contexts:
                self._contexts[key] = self._made(target)
            return self._contexts[key]

    def _made(self, target: "TalkTarget | TalkProxy") -> "ssl.SSLContext":
        context = blind()
        if target.store:
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = True
            # Go takes any certificate of its store as an authority, and no common name for a host's name.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.hostname_checks_common_name = False
            for path in self.stores.get(target.store, []):
                try:
                    context.load_verify_locations(cafile=path)
                except (OSError, ssl.SSLError):
                    continue  # Go leaves out what holds no certificate
        if target.certificate:
            try:
                context.load_cert_chain(f"{target.certificate}.cert", f"{target.certificate}.key")
            except (OSError, ssl.SSLError) as error:
                raise StepError("client-certificate", str(error)) from None
        return context


def blind() -> "ssl.SSLContext":
    """Return TLS settings that verify nothing: nothing is sent over them but a request without credentials."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # Go knows no such levels
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
