"""The Docker Engine: how it is configured, whether it runs, and how it is started."""

from dataclasses import dataclass, field
from typing import Any

from doctor.model.paths import HostPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One effective setting and where it comes from.

    Attributes:
        value: as daemon.json would hold it (bool, int, str, list, dict).
        origin: ``default``, ``file`` (daemon.json), ``flag`` or ``environment``.
        file: the file in which it stands; "" for a default or a flag seen only on a running process.
        line: from 1, 0 where unknown.
    """

    value: Any
    origin: str = "default"
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The engine's settings, merged as dockerd merges them: defaults, then daemon.json, then flags.

    Keys are those of daemon.json. A key set in both places is a conflict that stops dockerd
    (``moby daemon/config/config.go``, findConfigurationConflicts); the flag is shown here.
    """

    settings: dict[str, Setting] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the effective value of a key, or ``default`` where nothing sets it and it has none of its own."""
        found = self.settings.get(key)
        return default if found is None else found.value

    @property
    def data_root(self) -> HostPath:
        """Return where images, containers and volumes live (``data-root``, default /var/lib/docker)."""
        return HostPath(self.get("data-root", "/var/lib/docker"))

    @property
    def ip_forward(self) -> bool:
        """Whether the engine wants the kernel to forward IPv4 (``ip-forward``, default true)."""
        return self.get("ip-forward", True) is not False
