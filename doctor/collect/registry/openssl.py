"""Finds the host's openssl, which speaks TLS for a doctor that has none of its own (docs/decisions/0072)."""

from doctor import has_tls
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_DIRECTORIES = ("/usr/bin", "/usr/local/bin", "/bin", "/usr/local/ssl/bin", "/run/current-system/sw/bin")
_NEEDS = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache")


def openssl(host: Host) -> tuple[HostPath | None, tuple[HostPath, ...]]:
    """Return the program and what it is read from; ``None`` if it is not needed, or missing."""
    if has_tls():
        return None, ()
    for directory in _DIRECTORIES:
        try:
            real = host.resolve(join(HostPath(directory), "openssl"))
            if host.lstat(real).kind != "f":
                continue
        except HostError:
            continue
        top = f"/{real.split('/')[1]}"
        wanted = dict.fromkeys((*_NEEDS, *(() if top == "/etc" else (top,))))
        return real, tuple(HostPath(path) for path in wanted if host.exists(HostPath(path)))
    return None, ()
