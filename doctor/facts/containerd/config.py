"""The few settings of containerd that checks judge."""

from msgspec import Struct

from doctor.model.paths import HostPath

CRI = frozenset({"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"})


class ContainerdConfig(Struct, frozen=True, kw_only=True):
    """containerd's config.toml. Missing where there is none: the built-in settings then hold.

    Attributes:
        path: the file.
        disabled: ``disabled_plugins``.
        line: on which it stands, 0 for none.
    """

    path: HostPath
    disabled: tuple[str, ...] = ()
    line: int = 0

    @property
    def disables_cri(self) -> bool:
        """Whether the plugin that kubelet talks to is off."""
        return bool(CRI & set(self.disabled))
