"""The engine's proxy is no URL."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.secrets.redact import redact

_URL = r"(?i)(?:https?|socks5)://[^\s\"']+"
_KEYS = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY"}


@check(severity=Severity.WARNING, ok="the engine's proxy settings are usable")
def proxy_bad(config: EngineConfig) -> Iterator[Finding]:
    """The proxy that the engine is given is no URL, so every pull fails.

    What it looks at:
        ``http-proxy`` and ``https-proxy`` of daemon.json or flags, else HTTP_PROXY and HTTPS_PROXY of the unit's environment.
        Credentials are never shown.

    Why it matters:
        Without a scheme, or with a stray quote, Go's client refuses the proxy: "proxyconnect tcp: dial tcp: lookup" or "invalid
        control character in URL" on every pull, with a network that works.

    How it is fixed:
        Blanks and quotes go and ``http://`` comes in front, where daemon.json or a flag has it and that makes a URL of it. In the
        unit's environment by a person: ``http://proxy.example:3128``, also for HTTPS_PROXY.

    References:
        https://docs.docker.com/engine/daemon/proxy/
    """
    for key, variable in _KEYS.items():
        value = config.get(key)
        place = config.setting(key).place
        if value is None:
            value = config.flags.environment.get(variable, config.flags.environment.get(variable.lower()))
            place = f"{variable} in the environment of {config.flags.launcher_file or 'dockerd'}"
        # Go takes "host:port" as http://host:port (net/http/httpproxy, parseProxy).
        if not isinstance(value, str) or not value or re.fullmatch(_URL, value) or re.fullmatch(r"[\w.-]+:\d+", value):
            continue
        shown = redact(value)
        yield Finding(
            subject=Subject("setting", key),
            message=f"images can't be pulled: the proxy {shown!r} ({place}) is no URL",
            evidence=(Evidence(place, shown),),
        )
