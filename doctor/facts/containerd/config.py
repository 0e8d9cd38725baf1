"""The settings of containerd that checks examine."""

from msgspec import Struct

from doctor.model.paths import HostPath

CRI = frozenset({"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"})


class ContainerdConfig(Struct, frozen=True, kw_only=True):
    """containerd's config.toml. Missing if the file does not exist: the built-in settings then apply.

    Attributes:
        path: the file.
        disabled: ``disabled_plugins``.
        line: line of that setting, 0 for none.
    """

    path: HostPath
    disabled: tuple[str, ...] = ()
    line: int = 0

    @property
    def disables_cri(self) -> bool:
        """Whether the plugin that the kubelet uses is disabled."""
        return bool(CRI & set(self.disabled))
