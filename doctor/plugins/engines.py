"""Finds the engines: each folder ``NAME`` of a package of engines has a module ``engine`` with the value ``ENGINE``.

There is no list to edit. doctor's own package comes first; a plugin names its package in ``Rooms.engines``.
"""

import importlib

from doctor.api.engine import Engine, stop_order
from doctor.engines.docker import places as docker
from doctor.model.errors import UsageError
from doctor.model.step import Reload, Run, StartContainers
from doctor.plugins.listing import directory_of, folders_in, modules_in
from doctor.plugins.rooms import OURS

_packages = [OURS.engines]
_found: dict[tuple[str, ...], tuple[Engine, ...]] = {}


def add(package: str) -> None:
    """Use the engines of a plugin's package, from now on in this process.

    They are imported here: one that can't be imported is an error of its plugin, not of each later question for the engines.
    """
    _in(package)
    if package not in _packages:
        _packages.append(package)


def engines() -> tuple[Engine, ...]:
    """Return all engines, in stop order."""
    key = tuple(_packages)
    if key not in _found:
        _found[key] = tuple(stop_order(one for package in key for one in _in(package)))
    return _found[key]


def engine(name: str) -> Engine:
    """Return the engine with this name. Raises ``UsageError``."""
    for one in engines():
        if one.name == name:
            return one
    raise UsageError(f"no engine '{name}'", do="install the plugin that has it")


def first_engine() -> Engine:
    """Return Docker Engine, wherever it is in the stop order: a step without a name and a finding about a start are its."""
    return engine(docker.NAME)


def engine_of(step: Run | Reload | StartContainers) -> Engine:
    """Return the engine that a step starts, stops or asks."""
    return engine(step.engine) if step.engine else first_engine()


def _in(package: str) -> list[Engine]:
    top = directory_of(package)
    found = []
    for name in folders_in(package):
        if "engine" in modules_in(f"{package}.{name}"):
            module = importlib.import_module(f"{package}.{name}.engine")
            one = getattr(module, "ENGINE", None)
            if not isinstance(one, Engine):
                raise UsageError("no ENGINE in this file", where=f"{top}/{name}/engine.py", do="define it")
            found.append(one)
    return found
