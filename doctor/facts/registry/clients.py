"""The docker client's settings of users (~/.docker/config.json), as far as they concern registries."""

from msgspec import Struct

from doctor.formats.network.http_proxy import ProxyAddress
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class DockerClient(Struct, frozen=True, kw_only=True):
    """The settings of one user. Logins are not kept, only the registries that they are for.

    Attributes:
        path: the file.
        registries: keys of ``auths``.
        helpers: registry → suffix of the credential helper that the client starts for it ("" is the default, credsStore).
        missing: helpers with no program in the user's or the system's program directories.
        proxies: key of ``proxies.default`` → the proxy that the client gives to containers and builds, without its login.
        problem: why the client can't parse the file, "" if it can.
        user: the owner of the home directory, as a uid, if that user may not read the file; else ``None``.
        closed: the directory or file that is closed to the user.
    """

    path: HostPath
    registries: tuple[str, ...] = ()
    helpers: dict[str, str] = {}
    missing: tuple[str, ...] = ()
    proxies: dict[str, ProxyAddress] = {}
    problem: str = ""
    user: int | None = None
    closed: HostPath = HostPath("")


class DockerClients(Struct, frozen=True, kw_only=True):
    """Settings of root and of users with a home directory in /home."""

    items: tuple[DockerClient, ...] = ()
    gaps: tuple[Missing, ...] = ()
