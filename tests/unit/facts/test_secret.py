"""Secret fields are declared once, on the field, and never printed."""

from typing import Annotated

from msgspec.structs import replace

from doctor.facts.config.engine import DaemonJson, EngineFlags
from doctor.facts.containers.containers import HostConfig
from doctor.facts.databases.databases import VolumeRecord
from doctor.facts.engine.control import Holder
from doctor.facts.network.networks import Network
from doctor.facts.volumes.volumes import VolumeDirectory
from doctor.model.secret import SECRET, Guarded, secret_fields


class Login(Guarded, frozen=True, kw_only=True):
    """A value with one secret."""

    user: str
    password: Annotated[str, SECRET]
    server: str = ""


def test_a_secret_is_not_printed() -> None:
    """Nor is that of a changed copy, or inside another value."""
    login = replace(Login(user="u", password="hunter2"), server="s")
    assert repr(login) == "Login(user='u', server='s')"
    assert "hunter2" not in repr((login,))
    assert login.password == "hunter2"


def test_what_may_hold_a_password_is_declared() -> None:
    """Environments, daemon.json (proxies), labels, and options of volumes (CIFS and NFS mounts), networks and logs."""
    assert secret_fields(Login) == {"password"}
    assert secret_fields(VolumeRecord) == {"labels", "options"}
    assert secret_fields(HostConfig) == {"log_options"}
    assert secret_fields(Network) == {"options"}
    assert secret_fields(DaemonJson) == {"content"}
    assert secret_fields(EngineFlags) == {"environment"}
    assert secret_fields(Holder) == {"env"}
    assert secret_fields(VolumeDirectory) == {"mount_options"}
