"""The engine's proxy is given as https://, which few proxies speak."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.secrets.redact import redact

_KEYS = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY"}


@check(severity=Severity.INFO, breaks=("registry",), ok="the engine's proxies are given as http://")
def proxy_https(config: EngineConfig) -> Iterator[Finding]:
    """The engine's proxy is given as https://: every pull fails, unless the proxy itself speaks TLS.

    What it looks at:
        The scheme of ``http-proxy`` and ``https-proxy`` in daemon.json or flags, else of HTTP_PROXY and HTTPS_PROXY of the
        engine's environment. A scan asks no proxy; ``doctor probe registry`` does, and says whether it speaks TLS.

    Why it matters:
        HTTPS_PROXY is the proxy for https:// addresses, and most proxies are reached in plain HTTP. With https:// the engine
        begins with TLS, the proxy does not understand it, and pulls fail with "proxyconnect tcp: net/http: TLS handshake
        timeout" or "first record does not look like a TLS handshake".

    How it is fixed:
        Manually: write http:// in both settings, and restart the engine. Leave it if the proxy speaks TLS.

    References:
        https://docs.docker.com/engine/daemon/proxy/
        docker/cli#3351
    """
    for key, variable in _KEYS.items():
        value = config.get(key)
        place = config.setting(key).place
        if value is None:
            value = config.flags.environment.get(variable, config.flags.environment.get(variable.lower()))
            place = f"{variable} in the environment of {config.flags.launcher_file or docker.PROCESS}"
        if isinstance(value, str) and value[:8].lower() == "https://":
            yield Finding(
                subject=Subject("setting", key),
                message=f"{key} is given as https:// ({place}): pulls fail, unless the proxy itself speaks TLS",
                evidence=(Evidence(place, redact(value)),),
            )
