"""The engine's proxy is not the URL of a proxy."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.secrets.redact import as_json, redact

_URL = r"(?i)(?:https?|socks5)://[^\s\"']+"
_NOBODY = r"(?i)(?:https?|socks5)://(?:[^/]*@)?(?::.*|/.*|[^/]*:0+/?)"
"""A script that fills in the host or the port from an empty variable leaves ``http://:0`` or ``http://:3128/``."""
_KEYS = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY"}


@check(
    severity=Severity.WARNING,
    ok="the engine's proxy settings are usable",
    breaks=("registry",),
)
def proxy_bad(config: EngineConfig) -> Iterator[Finding]:
    """The engine's proxy setting is not the URL of a proxy, so every pull fails.

    What it looks at:
        ``http-proxy`` and ``https-proxy`` of daemon.json or flags, else HTTP_PROXY and HTTPS_PROXY of the unit's environment.
        Credentials are never shown.

    Why it matters:
        Without a scheme, or with a stray quote, Go's HTTP client rejects the proxy. Every pull fails with "proxyconnect tcp: dial
        tcp: lookup" or "invalid control character in URL", although the network works. Without a host or with port 0 it is
        "proxyconnect tcp: dial tcp :0: connect: connection refused".

    How it is fixed:
        In daemon.json or a flag, spaces and quotes are removed and ``http://`` is added, if the result is a URL. In the unit's
        environment, correct it manually: ``http://proxy.example:3128``, also for HTTPS_PROXY.

    References:
        https://docs.docker.com/engine/daemon/proxy/
    """
    for key, variable in _KEYS.items():
        value = config.get(key)
        place = config.setting(key).place
        if value is None:
            value = config.flags.environment.get(variable, config.flags.environment.get(variable.lower()))
            place = f"{variable} in the environment of {config.flags.launcher_file or docker.PROCESS}"
        # Go takes "host:port" as http://host:port (net/http/httpproxy, parseProxy).
        if not isinstance(value, str) or not value:
            continue
        is_url = bool(re.fullmatch(_URL, value) or re.fullmatch(r"[\w.-]+:\d+", value))
        if is_url and not re.fullmatch(_NOBODY, value):
            continue
        shown, problem = redact(value), "names no host and port" if is_url else "is not a URL"
        yield Finding(
            subject=Subject("setting", key),
            message=f"the proxy {as_json(shown)} ({place}) {problem}: images can't be pulled",
            evidence=(Evidence(place, shown),),
        )
