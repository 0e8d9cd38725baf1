"""Details of findings about layers: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class LayerPlace(Struct, frozen=True, kw_only=True):
    """A layer's chain ID, and its layer directory ("" if unknown)."""

    chain: str
    directory: str


class LayerDamage(Struct, frozen=True, kw_only=True):
    """The layer's chain ID and the names of its corrupt files."""

    chain: str
    files: tuple[str, ...]


class SharedRecord(Struct, frozen=True, kw_only=True):
    """The half-removed record, and whether no engine runs, because a stopping engine would act on it."""

    path: HostPath
    is_down: bool


class InitMissing(Struct, frozen=True, kw_only=True):
    """The container's id, its layer directory, and that of its image's top layer ("" for none)."""

    container_id: str
    directory: str
    below: str
