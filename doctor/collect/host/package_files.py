"""Finds the package that owns a file, in dpkg's lists. Only for files that are suspect: it reads every list."""

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_INFO = HostPath("/var/lib/dpkg/info")
_MOST_BYTES, _MOST_LISTS = 8 << 20, 20_000


def owner(host: Host, path: str, packages: tuple[str, ...] = ()) -> str | None:
    """Return the package that owns a file or has a file of this name; "" for none, ``None`` without dpkg.

    ``packages`` limits the search to the lists of these.
    """
    try:
        names = [name for name, kind in host.scandir(_INFO) if name.endswith(".list")]
    except HostError:
        return None
    # With a merged /usr, a list may name the path without it. A name without a directory is a library's.
    spelled = (f"\n{path}\n", f"\n{path.removeprefix('/usr')}\n") if path.startswith("/") else (f"/{path}\n",)
    wanted = [text.encode("utf-8", "surrogateescape") for text in spelled]
    for name in sorted(names)[:_MOST_LISTS]:
        package = name.removesuffix(".list").partition(":")[0]
        if packages and package not in packages:
            continue
        try:
            listed = b"\n" + host.read(join(_INFO, name), limit_bytes=_MOST_BYTES)
        except HostError:
            continue
        if any(one in listed for one in wanted):
            return package
    return ""
