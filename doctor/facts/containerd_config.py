"""The few settings of containerd that checks judge."""

from dataclasses import dataclass

from doctor.model.paths import HostPath

CRI = frozenset({"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerdConfig:
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
