"""Reads which registries the engine's log shows a failed request to: they are used, also if no setting or image names them."""

import os
import re

from doctor.engines.docker import places as docker
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_JOURNAL = (*docker.JOURNAL, "-n", "300")
_FAILED = re.compile(r'level=(?:error|warning)\b.{0,400}?\b(?:Get|Head) \\?"https?://([\w.-]{1,253}(?::\d{1,5})?)/v2/')
_TAIL_BYTES = 64 << 10
_MOST_LETTERS = 2000
_MOST = 8


def refused_registries(host: Host) -> tuple[str, ...]:
    """Return their names as in URLs, the last failure first; () if the log is unknown.

    Whether they fail now is not known: only the names are taken.
    """
    try:
        text = host.run(_JOURNAL).text if host.exists(HostPath("/run/systemd/system")) else _tail(host)
    except HostError:
        return ()
    lines = (line[:_MOST_LETTERS] for line in reversed(text.splitlines()) if "/v2/" in line)
    return tuple(dict.fromkeys(found[1].lower() for line in lines if (found := _FAILED.search(line))))[:_MOST]


def _tail(host: Host) -> str:
    """Return the end of the engine's log file that was written last."""
    files = []
    for path in docker.LOG_FILES:
        try:
            files.append((host.lstat(path).mtime_ns, path))
        except HostError:
            continue
    if not files:
        return ""
    descriptor = host.open_fd(max(files)[1], follow=True)
    try:
        size = os.fstat(descriptor).st_size
        os.lseek(descriptor, max(0, size - _TAIL_BYTES), os.SEEK_SET)
        return os.read(descriptor, _TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
