"""Make the catalogue: doctor's own rooms, and those plugins that the settings allow."""

from doctor.model.errors import UsageError
from doctor.plugins import engines, recorded
from doctor.plugins.catalog import Catalog
from doctor.plugins.rooms import OURS, Rooms


def load(allowed: tuple[str, ...] = (), *, survey: bool = False) -> Catalog:
    """Return the catalogue. ``allowed`` names distributions, each as ``name`` or ``name==version``.

    Nothing of a plugin that is not allowed is imported. Entry points are looked at only if something is allowed, or for
    a ``survey`` of what is installed (``doctor list``).
    """
    catalog = Catalog()
    _add(catalog, OURS, "")
    catalog.expect(recorded.files())
    if allowed or survey:
        # pluggy and importlib.metadata cost 50 ms together.
        from doctor.plugins import thirdparty  # noqa: PLC0415

        for name, rooms in thirdparty.admit(catalog, allowed):
            _add(catalog, rooms, name)
            if rooms.engines:
                engines.add(rooms.engines)
    return catalog


def _add(catalog: Catalog, rooms: Rooms, name: str) -> None:
    for kind in recorded.KINDS:
        package = getattr(rooms, kind)
        if not package:
            continue
        try:
            catalog.add(kind, package, name)
        except UsageError:
            # A room of doctor's own that is gone is no mistake of its user: what was in it is missing, one by one.
            if name:
                raise
