"""Reads the end of a container's log, whatever its size. The log of a driver that sends it elsewhere is not read."""

import os

from doctor.facts.containers.containers import Container
from doctor.facts.secrets.log_text import shown_line
from doctor.formats.logging import last_line
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_TAIL_BYTES = 64 << 10


def log_end(host: Host, one: Container) -> str:
    """Return the last line that is not blank, as it may be shown; "" without one, or if the log can't be read."""
    driver = one.host.log_driver if one.host is not None else ""
    if driver in {"json-file", ""}:
        return shown_line(last_line.of_json_file(_tail(host, one.own_log_path)))
    # The engine keeps a copy in this form for drivers that 'docker logs' can't read.
    name = "local-logs/container.log" if driver == "local" else "container-cached.log"
    return shown_line(last_line.of_local(_tail(host, join(one.directory, name))))


def _tail(host: Host, path: HostPath) -> bytes:
    try:
        descriptor = host.open_fd(path, follow=False)
    except HostError:
        return b""
    try:
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    except OSError:
        return b""
    finally:
        os.close(descriptor)
