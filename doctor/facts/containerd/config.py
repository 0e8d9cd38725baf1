"""The settings of containerd that checks examine."""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.formats.config.containerd_toml import CriSettings as CriSettings  # noqa: PLC0414 - part of the fact
from doctor.model.paths import HostPath

CRI = frozenset({"cri", *containerd.CRI_PLUGINS})


class ContainerdConfig(Struct, frozen=True, kw_only=True):
    """containerd's config.toml. Missing if the file does not exist: the built-in settings then apply.

    Attributes:
        path: the file.
        disabled: ``disabled_plugins``.
        line: its line, 0 if it is not set or not spelled plainly.
        cri: the settings of the plugin that the kubelet uses; ``None`` if several files have some, or a file can't be read.
        cri_path: the file that has them.
    """

    path: HostPath
    disabled: tuple[str, ...] = ()
    line: int = 0
    cri: CriSettings | None = None
    cri_path: HostPath

    @property
    def place(self) -> str:
        """The file, with the line if it is known."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def disables_cri(self) -> bool:
        """Whether the plugin that the kubelet uses is disabled."""
        return bool(CRI & set(self.disabled))
