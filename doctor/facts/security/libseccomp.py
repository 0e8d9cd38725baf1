"""The library that turns the engine's seccomp profile into a filter."""

from msgspec import Struct

from doctor.formats.version import Version
from doctor.model.paths import HostPath


class Libseccomp(Struct, frozen=True, kw_only=True):
    """The libseccomp that runc of this host loads: its version is in the name of its file."""

    path: HostPath
    version: Version
    text: str
