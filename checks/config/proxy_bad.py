"""The engine's proxy is not a URL."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.secrets.redact import as_json, redact

_URL = r"(?i)(?:https?|socks5)://[^\s\"']+"
_KEYS = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY"}


@check(
    severity=Severity.WARNING,
    ok="the engine's proxy settings are usable",
    breaks=("registry",),
)
def proxy_bad(config: EngineConfig) -> Iterator[Finding]:
    """The engine's proxy setting is not a URL, so every pull fails.

    What it looks at:
        ``http-proxy`` and ``https-proxy`` of daemon.json or flags, else HTTP_PROXY and HTTPS_PROXY of the unit's environment.
        Credentials are never shown.

    Why it matters:
        Without a scheme, or with a stray quote, Go's HTTP client rejects the proxy. Every pull fails with "proxyconnect tcp: dial
        tcp: lookup" or "invalid control character in URL", although the network works.

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
        if not isinstance(value, str) or not value or re.fullmatch(_URL, value) or re.fullmatch(r"[\w.-]+:\d+", value):
            continue
        shown = redact(value)
        yield Finding(
            subject=Subject("setting", key),
            message=f"the proxy {as_json(shown)} ({place}) is not a URL: images can't be pulled",
            evidence=(Evidence(place, shown),),
        )
