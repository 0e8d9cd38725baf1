"""The proxy on the way to a webhook: that of its settings, else of the usual variables, which cron and systemd don't set."""

import base64
import os
import re
from urllib.parse import urlsplit

from doctor.formats.network.http_proxy import ProxyAddress, is_bypassed, parse
from doctor.model.errors import RefusedError, UsageError
from doctor.notify.recipients import WAYS, Delivery, secret

DIRECT = "direct"
# Go, curl and wget each make something else of other words.
_URL = re.compile(r"(?ia)(?:http://)?(?:[^/\s]*@)?(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?/?")
_FORM = "write http://HOST:PORT, from:/FILE for a root-only file with it, or direct"


def proxy_of(delivery: Delivery) -> ProxyAddress | None:
    """Return the proxy to a webhook, ``None`` for the direct way. Raises ``DoctorError`` for one that can't be used."""
    given = delivery.given.proxy
    if given == DIRECT:
        return None
    where = f"the proxy of {delivery.shown}"
    text = given
    if given.startswith("from:"):
        text = secret(given[5:])
    elif "@" in given:
        raise RefusedError(
            f"{where} contains a login, which other users could see",
            do='put the URL into a root-only file, and write proxy = "from:/FILE"',
        )
    elif not given:
        text = _of_environment(delivery)
        where = f"{where} by the environment"
    if not text:
        return None
    found = parse(text)
    if found is None or not _URL.fullmatch(text) or not found.port or not "".join(pair(found)).isprintable():
        raise UsageError(f"{where} is not an address of an HTTP proxy", do=_FORM)
    return found


def pair(proxy: ProxyAddress) -> tuple[str, str]:
    """Return user and password, "" for none."""
    login = base64.b64decode(proxy.login.removeprefix("Basic ")).decode("utf-8", "replace")
    user, _, password = login.partition(":")
    return user, password


def by_environment(delivery: Delivery) -> bool:
    """Whether a webhook is reached by a proxy that only this environment names: a timer and cron don't know it."""
    return WAYS[delivery.word] == "webhook" and not delivery.given.proxy and bool(_of_environment(delivery))


def _of_environment(delivery: Delivery) -> str:
    url = urlsplit(delivery.place)
    # HTTP_PROXY is the header "Proxy" of a request in a CGI program; curl does not read it either.
    names = ("https_proxy", "HTTPS_PROXY") if delivery.word == "https" else ("http_proxy",)
    text = next((value for name in names if (value := os.environ.get(name))), "")
    bypass = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    port = url.port or (443 if delivery.word == "https" else 80)
    return "" if not text or is_bypassed(bypass, url.hostname or "", port) else text
