"""Reads the version of libseccomp from the link that programs load it by."""

from doctor.facts.security.libseccomp import Libseccomp
from doctor.formats.version import parse
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_NAME = "libseccomp.so.2"
_TRIPLETS = ("x86_64", "aarch64", "arm", "i386", "riscv64", "powerpc64le", "s390x")
_PLACES = (
    "/usr/lib64",
    *(f"/usr/lib/{name}-linux-gnu{'eabihf' if name == 'arm' else ''}" for name in _TRIPLETS),
    *(f"/lib/{name}-linux-gnu{'eabihf' if name == 'arm' else ''}" for name in _TRIPLETS),
    "/usr/lib",
    "/lib64",
)


@collector
def libseccomp(host: Host) -> Libseccomp:
    """Return the library of the first usual place."""
    for place in _PLACES:
        path = HostPath(f"{place}/{_NAME}")
        try:
            target = host.readlink(path)
        except HostError as error:
            if error.is_absent:
                continue
            raise
        text = target.rpartition("/")[2].removeprefix("libseccomp.so.")
        version = parse(text)
        if version is not None and len(version.numbers) > 1:
            return Libseccomp(path=path, version=version, text=text)
    raise HostError(Missing(Why.ABSENT, "no libseccomp is in a usual place"))
