"""Lists the modules and folders of a package: in a directory, and where the package is in an archive or in one file."""

import importlib.util
import os
from typing import Any

from doctor.model.errors import UsageError


def directory_of(package: str) -> str:
    """Return the directory of a package. Raises ``UsageError`` if it is not a package."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise UsageError(f"'{package}' is not a package", do="name a package in doctor_rooms()")
    return places[0]


def modules_in(package: str) -> list[str]:
    """Return the names of a package's public modules, sorted."""
    names = (name.removesuffix(".py") for name in _names(package)[0] if name.endswith(".py"))
    return sorted(name for name in names if not name.startswith("_"))


def folders_in(package: str) -> list[str]:
    """Return the names of a package's public folders, sorted."""
    return sorted(name for name in _names(package)[1] if not name.startswith(("_", ".")))


def _names(package: str) -> tuple[list[str], list[str]]:
    """Return the names of files and of folders in a package."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(directory_of(package)) as entries:
            for entry in entries:
                (folders if entry.is_dir() else files).append(entry.name)
    except (NotADirectoryError, FileNotFoundError):
        # In one file, which is gone from sight where doctor has entered the root directory of a host.
        return _archived(package)
    return files, folders


def _archived(package: str) -> tuple[list[str], list[str]]:
    """Ask the package's loader, as ``importlib.resources`` does: what it returns needs no file system."""
    spec: Any = importlib.util.find_spec(package)
    top = list(spec.loader.get_resource_reader(package).files().iterdir())
    return [one.name for one in top if not one.is_dir()], [one.name for one in top if one.is_dir()]
