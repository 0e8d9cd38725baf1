"""``https://…`` and ``http://…``: one POST with the notification as JSON.

The certificate is checked, and a redirect is never followed: the request may carry a token, and its target could be this host. Where this
doctor has no TLS of its own (the one file), curl or GNU wget of the host sends it; secrets reach them by a file descriptor. A proxy is used
if the settings or the environment name one: https goes through a tunnel (CONNECT), so it sees no content.
"""

import hmac
import http.client
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from doctor.formats.network.http_proxy import ProxyAddress
from doctor.model.errors import DoctorError
from doctor.model.text import visible
from doctor.notify import by_curl, tls
from doctor.notify.notice import Notice
from doctor.notify.proxy import proxy_of
from doctor.notify.recipients import Delivery, secret
from doctor.notify.send import Parcel, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE = "X-Doctor-Signature-256"
_ANSWER_BYTES = 4096
_SHOWN = 120
_SECRET = 4
"""A shorter part of a URL may be a word of any answer."""
_LATER = frozenset({408, 425, 429})


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` if the secret can't be used, or https needs a program that the host does not have."""
    given = delivery.given
    proxy_of(delivery)
    if given.secret_file:
        secret(given.secret_file)
        if given.auth == "bearer" and delivery.word == "http":
            raise DoctorError(
                "a token must not be sent without TLS", where=delivery.shown, do='use https, or auth = "hmac"'
            )
    if delivery.word == "https" and not tls.is_there():
        by_curl.curl_or_wget()


def send(parcel: Parcel) -> None:
    """Send it once. Raises ``TryLaterError`` if another attempt may succeed, else ``DoctorError``."""
    delivery = parcel.delivery
    check(delivery)
    body = parcel.notice.document()
    headers = _headers(delivery, parcel.notice, body)
    if delivery.word == "https" and not tls.is_there():
        status, place, says = by_curl.post(delivery.place, body, headers, delivery.given, proxy_of(delivery))
    else:
        status, place, says = _post(delivery, body, headers, proxy_of(delivery))
    _judge(status, place, without(says, delivery.place)[:_SHOWN])


def _headers(delivery: Delivery, notice: Notice, body: bytes) -> "Mapping[str, str]":
    found = {
        "Content-Type": "application/json",
        "User-Agent": f"doctor/{notice.doctor}",
        "X-Doctor-Id": notice.id,
    }
    if delivery.given.secret_file:
        key = secret(delivery.given.secret_file)
        if delivery.given.auth == "bearer":
            found["Authorization"] = f"Bearer {key}"
        else:
            found[SIGNATURE] = f"sha256={signature(key, body)}"
    return found


def signature(key: str, body: bytes) -> str:
    """Return HMAC-SHA-256 of a body as hex digits (RFC 2104)."""
    return hmac.new(key.encode(), body, "sha256").hexdigest()


def _post(
    delivery: Delivery, body: bytes, headers: "Mapping[str, str]", proxy: ProxyAddress | None
) -> tuple[int, str, str]:
    """Return status, Location and the beginning of the answer."""
    url = urlsplit(delivery.place)
    limit = delivery.given.timeout
    first, port = (url.hostname or "", url.port) if proxy is None else (proxy.host, proxy.port)
    by = "" if proxy is None else f" (by the proxy {proxy.place})"
    login = {"Proxy-Authorization": proxy.login} if proxy is not None and proxy.login else {}
    target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
    connection: http.client.HTTPConnection
    if delivery.word == "https":
        context = tls.context(delivery.given.ca_file)
        connection = http.client.HTTPSConnection(first, port, timeout=limit, context=context)
        if proxy is not None:
            connection.set_tunnel(url.hostname or "", url.port or 443, headers=login)
    else:
        connection = http.client.HTTPConnection(first, port, timeout=limit)
        if proxy is not None:
            target, headers = f"http://{url.netloc}{target}", {**headers, **login}
    try:
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or "", _text(answer.read(_ANSWER_BYTES))
    except TimeoutError as error:
        raise TryLaterError(f"no answer within {limit} s{by}") from error
    except (OSError, http.client.HTTPException) as error:
        tls.refuse_certificate(error)
        if isinstance(error, socket.gaierror):
            whose = "server" if proxy is None else "proxy"
            raise TryLaterError(f"the name of the {whose} is unknown: {error.strerror}{by}") from error
        refused = re.match(r"Tunnel connection failed: (\d{3})", str(error))
        if refused is not None and proxy is not None:
            raise by_curl.refused_by(proxy, int(refused[1])) from error
        says = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TryLaterError(f"can't deliver it: {says}{by}") from error
    except ValueError as error:
        raise DoctorError(f"can't send to this URL: {error}") from None
    finally:
        connection.close()


def _judge(status: int, place: str, says: str) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        target = urlsplit(place).hostname or "another path"
        raise DoctorError(
            f"the server answers {status} and redirects to {visible(target)}, which is not followed",
            do="give the final URL",
        )
    text = f"the server answers {status}{f': {says}' if says else ''}"
    if status >= 500 or status in _LATER:
        raise TryLaterError(text)
    raise DoctorError(text)


def without(says: str, place: str) -> str:
    """Return an answer without what it repeats of the path of a URL, which is often a secret.

    >>> without('{"error": "Not Found", "path": "/hooks/T0x7q2"}', "https://h.example/hooks/T0x7q2?k=12")
    '{"error": "Not Found", "path": "/…/…"}'
    """
    url = urlsplit(place)
    parts = {part for text in (url.path, unquote(url.path), url.query) for part in re.split("[/&=]", text)}
    for part in sorted(filter(lambda one: len(one) >= _SECRET, parts), key=len, reverse=True):
        says = says.replace(part, "…")
    return says


def _text(raw: bytes) -> str:
    lines = visible(raw.decode("utf-8", "replace").strip(), keep="\n").splitlines()
    return lines[0] if lines else ""
