"""Builds the catalog: doctor's own packages, and the plugins that the settings allow."""

from doctor.model.errors import UsageError
from doctor.plugins import engines
from doctor.plugins import installed_files as recorded
from doctor.plugins.catalog import Catalog
from doctor.plugins.rooms import OURS, Rooms

_latest: list[Catalog] = []


def load(allowed: tuple[str, ...] = (), directories: tuple[str, ...] = (), *, survey: bool = False) -> Catalog:
    """Return the catalog. ``allowed`` names distributions, each as ``name`` or ``name==version``; they are installed
    where Python finds modules, or in ``directories``.

    A plugin that is not allowed is never imported. Entry points are read only if something is allowed, or for a
    ``survey`` of installed plugins (``doctor list``).
    """
    catalog = Catalog()
    _add(catalog, OURS, "")
    catalog.expect(recorded.files())
    if allowed or survey:
        # pluggy and importlib.metadata cost 50 ms together.
        from doctor.plugins import thirdparty  # noqa: PLC0415

        thirdparty.use(directories)
        for name, rooms in thirdparty.admit(catalog, allowed):
            bring(catalog, rooms, name)
    _latest[:] = [catalog]
    return catalog


def latest() -> Catalog:
    """Return the catalog that was loaded last: collectors find messages of checks in it."""
    return _latest[0] if _latest else load()


def bring(catalog: Catalog, rooms: Rooms, name: str) -> None:
    """Add what a plugin brings to the catalogue, and use its engines from now on."""
    _add(catalog, rooms, name)
    if rooms.engines:
        engines.add(rooms.engines)


def _add(catalog: Catalog, rooms: Rooms, name: str) -> None:
    for kind in recorded.KINDS:
        package = getattr(rooms, kind)
        if not package:
            continue
        try:
            catalog.add(kind, package, name)
        except UsageError:
            # A missing package of doctor itself is not a user error: its entries are reported as missing, one by one.
            if name:
                raise
