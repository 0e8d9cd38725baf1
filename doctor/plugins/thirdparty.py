"""Third-party plugins: found by entry point, and verified before any of their code runs.

This guards against mistakes and against files changed after the installation, not against a hostile installation:
a ``.pth`` file of any distribution runs in every Python process.
"""

import base64
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType

import pluggy
from msgspec import Struct

from doctor import IS_ONE_FILE
from doctor.model.errors import UsageError
from doctor.plugins.catalog import Catalog
from doctor.plugins.hookspec import PROJECT, Rooms, Spec
from doctor.state.trust import refuse_weak, weakness

GROUP = "doctor"
_OURS = "doctor/"


class FoundPlugin(Struct, frozen=True, kw_only=True):
    """A distribution with an entry point in doctor's group."""

    name: str
    distribution: Distribution
    entry_point: EntryPoint

    @property
    def label(self) -> str:
        """Return distribution and version."""
        return f"{self.distribution.metadata['Name']} {self.distribution.version}"

    def load(self) -> ModuleType:
        """Import the plugin's module."""
        module: ModuleType = self.entry_point.load()
        return module


def use(directories: tuple[str, ...]) -> None:
    """Have Python look for modules in these directories, too, last of all.

    Raises ``UsageError`` for one that does not exist, ``RefusedError`` if others could have written it.
    """
    for directory in directories:
        if not os.path.isdir(directory):
            do = "install the plugins there, or correct 'directories' below [plugins] in the settings"
            raise UsageError("the directory of plugins does not exist", where=directory, do=do)
        refuse_weak(directory, "the directory of plugins")
        if directory not in sys.path:
            sys.path.append(directory)


def find() -> Iterator[FoundPlugin]:
    """Yield every installed plugin, allowed or not; nothing is imported."""
    for distribution in distributions():
        for entry_point in distribution.entry_points:
            if entry_point.group == GROUP:
                yield FoundPlugin(name=entry_point.name, distribution=distribution, entry_point=entry_point)


def admit(catalog: Catalog, allowed: tuple[str, ...]) -> Iterator[tuple[str, Rooms]]:
    """Load the allowed plugins, record the others in the catalog, and yield the name and rooms of each loaded one."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Spec)
    for found in find():
        reason = refusal(found, allowed)
        if reason:
            catalog.refused.append((found.label, reason))
        else:
            manager.register(found.load(), name=found.name)
            catalog.plugins.append((found.name, found.label))
    for hook in manager.hook.doctor_rooms.get_hookimpls():
        rooms = hook.function()
        if not isinstance(rooms, Rooms):
            raise UsageError(f"doctor_rooms() of plugin '{hook.plugin_name}' does not return Rooms")
        yield hook.plugin_name, rooms


def refusal(found: FoundPlugin, allowed: tuple[str, ...]) -> str:
    """Return why a plugin may not be loaded, or ""."""
    name = found.distribution.metadata["Name"].lower().replace("_", "-")
    wanted = {word.partition("==")[0].strip().lower().replace("_", "-"): word.partition("==")[2] for word in allowed}
    if name not in wanted:
        return "the settings don't allow it: add its name to [plugins] allow in /etc/doctor/doctor.toml"
    if wanted[name] and wanted[name].strip() != found.distribution.version:
        return f"the settings allow version {wanted[name].strip()}, installed is {found.distribution.version}"
    for file in found.distribution.files or ():
        text = str(file)
        if IS_ONE_FILE and text.endswith(".so"):
            return f"{text} is compiled: the one file loads plugins of pure Python only; install doctor itself with pipx for it"
        if text.startswith(_OURS):
            return f"it ships {text}, which would replace a file of doctor"
        problem = _file_problem(
            str(file.locate()), file.hash.mode if file.hash else "", file.hash.value if file.hash else ""
        )
        if problem:
            return f"{text}: {problem}"
    return _module_problem(found.entry_point.module.partition(".")[0])


def _module_problem(name: str) -> str:
    """Return the problem of the files that an import of the module reads, whether the installer recorded them or not."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        return f"its module {name} can't be found: {error}"
    if spec is None:
        return f"its module {name} does not exist"
    places = [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin and spec.has_location else [])]
    for place in places:
        for path in (place, *_beneath(place)):
            weak = weakness(path)
            if weak is not None:
                return f"other users could have written it: {weak}"
    return ""


def _beneath(top: str) -> Iterator[str]:
    for directory, _, files in os.walk(top):
        yield directory
        yield from (os.path.join(directory, name) for name in files)


def _file_problem(path: str, mode: str, recorded: str) -> str:
    if not os.path.exists(path):
        return "recorded by the installer, but missing"
    weak = weakness(path)
    if weak is not None:
        return f"other users could have written it: {weak}"
    if mode == "sha256" and recorded:
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded:
            return "changed since it was installed"
    return ""
