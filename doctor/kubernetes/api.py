"""A client of Kubernetes' API for the few requests of this room, with the service account of the pod.

The standard library's HTTP client: redirects are not followed, no proxy is used, and the token is read for each request,
as the kubelet exchanges it every hour (docs/decisions/0069).
"""

import http.client
import json
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from doctor.model.errors import DoctorError, UsageError
from doctor.model.text import visible

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# Names of nodes are DNS subdomains (RFC 1123).
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NODE = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_LARGEST_BYTES = 16 << 20
_LONGEST_WAIT_S = 60.0
_ADVICE = {
    401: "the API server does not accept the token: is the service account's token mounted?",
    403: "the service account may not do this: apply kubernetes/rbac.yaml",
    404: "there is no such node: NODE_NAME must be spec.nodeName of the pod",
}


class KubernetesError(DoctorError):
    """The API server refused, or did not answer in time."""


class Server(Struct, frozen=True, kw_only=True):
    """An API server and how to reach it.

    Attributes:
        url: https://…, or http://127.0.0.1:8001 for ``kubectl proxy``, which gets no token.
        account: the directory with ``token`` and ``ca.crt``.
        timeout_s: limit of one request, from the connection to the last byte.
        limit_s: limit of all attempts of one request.
    """

    url: str
    account: str = ACCOUNT
    timeout_s: float = 10.0
    limit_s: float = 120.0


class _Answer(Struct, frozen=True, kw_only=True):
    status: int
    body: bytes
    wait_s: float | None


def valid_node(name: str) -> str:
    """Return a node's name; raises ``UsageError`` for one that no node can have."""
    if not _NODE.fullmatch(name):
        raise UsageError(
            f"'{visible(name[:80])}' can't be the name of a node" if name else "the name of the node is not given",
            do="set NODE_NAME from spec.nodeName in the manifest, or use --node",
        )
    return name


class Api:
    """Sends requests and repeats those that may succeed later."""

    def __init__(
        self,
        server: Server,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(server.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise UsageError(f"--server '{server.url}' is not the address of an API server", do="use https://HOST:PORT")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise UsageError(
                f"--server '{server.url}' is not encrypted", do="use https, or http to 'kubectl proxy' on this host"
            )
        self._server = server
        self._parts = parts
        self._sleep = sleep
        self._clock = clock

    def patch_status(self, node: str, body: dict[str, Any]) -> dict[str, Any]:
        """Patch the status of a node and return the node."""
        path = f"/api/v1/nodes/{quote(valid_node(node), safe='')}/status"
        return self._send("PATCH", path, body, "application/strategic-merge-patch+json")

    def create_event(self, namespace: str, body: dict[str, Any]) -> None:
        """Create an event."""
        self._send("POST", f"/api/v1/namespaces/{quote(namespace, safe='')}/events", body, "application/json")

    def _send(self, method: str, path: str, body: dict[str, Any], media: str) -> dict[str, Any]:
        """Send until an answer is final or the time is over; raises ``KubernetesError``."""
        raw = json.dumps(body).encode()
        end = self._clock() + self._server.limit_s
        attempt, refused = 0, 0
        while True:
            attempt += 1
            try:
                answer = self._once(method, path, raw, media)
                says, wait_s = _says(answer), answer.wait_s
            except (OSError, http.client.HTTPException) as error:
                answer, says, wait_s = None, f"no answer from {self._parts.netloc}: {_reason(error)}", None
            if answer is not None:
                if 200 <= answer.status < 300:
                    return _object(answer)
                refused += answer.status == 401
                # The token may have been exchanged between reading and sending it.
                if not _may_pass(answer.status) and not (answer.status == 401 and refused == 1):
                    raise KubernetesError(says, where=path, do=_ADVICE.get(answer.status, ""))
            pause = min(wait_s if wait_s is not None else 2.0 ** min(attempt - 1, 5), _LONGEST_WAIT_S)
            if self._clock() + pause >= end:
                raise KubernetesError(
                    says, where=path, do=f"given up after attempt {attempt}; the next round tries again"
                )
            self._sleep(pause)

    def _once(self, method: str, path: str, raw: bytes, media: str) -> _Answer:
        end = time.monotonic() + self._server.timeout_s
        connection = self._connection()
        headers = {"Content-Type": media, "Accept": "application/json", "User-Agent": "doctor"}
        if self._parts.scheme == "https":
            headers["Authorization"] = f"Bearer {self._token()}"
        try:
            connection.request(method, f"{path}?fieldManager=doctor", body=raw, headers=headers)
            response = connection.getresponse()
            body = b""
            while piece := response.read1(65536):
                body += piece
                if len(body) > _LARGEST_BYTES:
                    raise KubernetesError(f"the answer is larger than {_LARGEST_BYTES >> 20} MiB", where=path)
                if time.monotonic() > end:
                    raise TimeoutError(f"the answer was not complete after {self._server.timeout_s:.0f} s")
            return _Answer(status=response.status, body=body, wait_s=_retry_after(response.getheader("Retry-After")))
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port or 80, timeout=self._server.timeout_s)
        try:
            import ssl  # noqa: PLC0415 - the one file has none
        except ImportError:
            raise DoctorError(
                "this doctor has no TLS, so it can't reach the API server",
                do="use the installed command (pip install container-doctor), or 'kubectl proxy' and its address http://127.0.0.1:8001 as --server",
            ) from None
        try:
            context = ssl.create_default_context(cafile=f"{self._server.account}/ca.crt")
        except OSError as error:
            raise DoctorError(
                f"can't read the certificate of the API server: {error.strerror or error}",
                where=f"{self._server.account}/ca.crt",
                do="mount the service account's token (kubernetes/daemonset.yaml does)",
            ) from error
        return http.client.HTTPSConnection(host, port or 443, timeout=self._server.timeout_s, context=context)

    def _token(self) -> str:
        path = f"{self._server.account}/token"
        try:
            with open(path, encoding="ascii") as stream:
                token = stream.read(65536).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DoctorError(
                f"can't read the token: {error}", where=path, do="mount the service account's token"
            ) from error
        if not token or not token.isprintable() or " " in token:
            raise DoctorError("not a token", where=path, do="mount the service account's token")
        return token


def _may_pass(status: int) -> bool:
    """Whether the same request may succeed later: too many requests, a conflict, a server in trouble."""
    return status in {408, 409, 425, 429} or status >= 500


def _retry_after(text: str | None) -> float | None:
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _object(answer: _Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise KubernetesError("the answer is not a JSON object: this is not an API server")
    return found


def _says(answer: _Answer) -> str:
    """Return the status and the API server's own message."""
    try:
        found = json.loads(answer.body)
        message = found.get("message", "") if isinstance(found, dict) else ""
    except (ValueError, RecursionError):
        message = ""
    text = visible(str(message))[:300]
    return f"the API server answered {answer.status}" + (f": {text}" if text else "")


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
