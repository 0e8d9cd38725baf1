"""Log servers on this host that the engine connects to before it starts a container.

From Moby's ``daemon/logger`` (New of each driver) 20.10 to 29: syslog and gelf over UDP, fluentd with ``fluentd-async`` and
splunk without ``splunk-verify-connection`` connect later. ``mode=non-blocking`` makes no difference (seen with 26.1).
"""

import re

from doctor.formats.config.flags import parse_bool

_ADDRESS = re.compile(
    r"(?:(tcp|tcp\+tls|tls|https?)://)?(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::(\d{1,5}))?(?:/.*)?"
)
_PORTS = {"https": 443, "http": 80}
_BY_DRIVER = {"fluentd": 24224, "syslog": 514, "gelf": 12201}


def awaited_server(driver: str, options: dict[str, str]) -> tuple[str, int] | None:
    """Return the loopback address and TCP port, ``None`` for a server elsewhere, a socket file or a driver that does not wait.

    >>> awaited_server("fluentd", {}), awaited_server("syslog", {"syslog-address": "tcp://localhost:5514"})
    (('127.0.0.1', 24224), ('localhost', 5514))
    >>> awaited_server("fluentd", {"fluentd-async": "true"}), awaited_server("gelf", {"gelf-address": "udp://127.0.0.1:1"})
    (None, None)
    """
    given = ""
    match driver:
        case "fluentd":
            waits = not any(parse_bool(options.get(name, "")) for name in ("fluentd-async", "fluentd-async-connect"))
            given = options.get("fluentd-address") or "127.0.0.1" if waits else ""
        case "syslog" | "gelf":
            given = options.get(f"{driver}-address", "")
            given = given if given.startswith("tcp") else ""
        case "splunk":
            given = (
                ""
                if parse_bool(options.get("splunk-verify-connection", "true")) is False
                else options.get("splunk-url", "")
            )
    found = _ADDRESS.fullmatch(given.strip())
    if found is None:
        return None
    port = int(found[3] or _BY_DRIVER.get(driver) or _PORTS.get(found[1] or "", 0))
    return (found[2].strip("[]"), port) if 0 < port < 65536 else None
