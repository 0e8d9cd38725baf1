"""Make the catalogue: doctor's own rooms, and those plugins that the settings allow."""

import pluggy

from doctor.model.errors import UsageError
from doctor.plugins import builtin
from doctor.plugins.catalog import Catalog
from doctor.plugins.hookspec import PROJECT, Rooms, Spec

OURS = "builtin"


def load(allowed: tuple[str, ...] = (), *, survey: bool = False) -> Catalog:
    """Return the catalogue. ``allowed`` names distributions, each as ``name`` or ``name==version``.

    Nothing of a plugin that is not allowed is imported. Entry points are looked at only if something is allowed, or for
    a ``survey`` of what is installed (``doctor list``).
    """
    catalog = Catalog()
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Spec)
    manager.register(builtin, name=OURS)
    if allowed or survey:
        from doctor.plugins import thirdparty  # noqa: PLC0415 - importlib.metadata costs 40 ms

        for found in thirdparty.find():
            reason = thirdparty.refusal(found, allowed)
            if reason:
                catalog.refused.append((found.label, reason))
            else:
                manager.register(found.load(), name=found.name)
                catalog.plugins.append((found.name, found.label))
    for hook in manager.hook.doctor_rooms.get_hookimpls():
        rooms = hook.function()
        if not isinstance(rooms, Rooms):
            raise UsageError(f"doctor_rooms() of plugin '{hook.plugin_name}' returns no Rooms")
        _add(catalog, rooms, "" if hook.plugin_name == OURS else hook.plugin_name)
    return catalog


def _add(catalog: Catalog, rooms: Rooms, name: str) -> None:
    for kind in ("checks", "fixers", "probes", "formats"):
        package = getattr(rooms, kind)
        if package:
            catalog.add(kind, package, name)
