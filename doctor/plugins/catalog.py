"""The catalog of checks, fixers, probes and report formats of all loaded plugins, by id. They are imported when needed."""

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from msgspec import Struct

from doctor.model.declare import (
    CheckDeclaration,
    Declaration,
    FixerDeclaration,
    FormatDeclaration,
    ProbeDeclaration,
    declaration_of,
)
from doctor.model.errors import DoctorError, UsageError
from doctor.plugins.catalog_entry import CatalogEntry, Loaded
from doctor.plugins.listing import directory_of, folders_in, modules_in


class Catalog(Struct):
    """All entries, not yet imported. ``refused`` has (plugin, reason) of plugins that are not loaded."""

    checks: dict[str, CatalogEntry] = {}
    fixers: dict[str, CatalogEntry] = {}
    probes: dict[str, CatalogEntry] = {}
    formats: dict[str, CatalogEntry] = {}
    plugins: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    _loaded: dict[str, Loaded] = {}

    def add(self, kind: str, package: str, plugin: str, *, area: str = "") -> None:
        """Add the modules of ``package``, or of one of its areas; ``kind`` is checks, fixers, probes or formats."""
        entries: dict[str, CatalogEntry] = getattr(self, kind)
        if kind in {"checks", "fixers"}:
            found = _walk_area(package, area) if area else _walk_areas(package)
        else:
            found = _walk_flat(package)
        for identity, module, path in found:
            name = f"{plugin}:{identity}" if plugin else identity
            entries[name] = CatalogEntry(id=name, module=module, plugin=plugin, path=path)

    def expect(self, installed: Iterable[tuple[str, str, str, str]]) -> None:
        """Add entries (kind, id, module, path) that were installed and are missing: loading one is an error."""
        for kind, identity, module, path in installed:
            entries: dict[str, CatalogEntry] = getattr(self, kind)
            if identity not in entries:
                entries[identity] = CatalogEntry(id=identity, module=module, plugin="", path=path)

    def load(self, entry: CatalogEntry, wanted: type[Declaration]) -> Loaded:
        """Import an entry and return its function; raises ``UsageError`` naming the file if it declares nothing."""
        found = self._loaded.get(entry.module)
        if found is None:
            try:
                module = importlib.import_module(entry.module)
            except ModuleNotFoundError as error:
                if not f"{entry.module}.".startswith(f"{error.name}."):
                    raise
                raise DoctorError("a file of doctor is missing", where=entry.path, do="reinstall doctor") from error
            for thing in _likely_first(module):
                declaration = declaration_of(thing)
                if isinstance(declaration, wanted) and getattr(thing, "__module__", "") == module.__name__:
                    found = self._loaded[entry.module] = Loaded(entry, thing, declaration)
                    break
            else:
                word = wanted.__name__.removesuffix("Declaration").lower()
                raise UsageError(f"no @{word} in this file", where=entry.path, do="decorate its function")
        return found

    def check(self, identity: str) -> Loaded:
        """Return the check with this id."""
        return self.load(self.checks[identity], CheckDeclaration)

    def fixer(self, identity: str) -> Loaded | None:
        """Return the fixer of the check with this id, or ``None``; raises ``UsageError`` if it asks for another detail."""
        entry = self.fixers.get(identity)
        if entry is None:
            return None
        found = self.load(entry, FixerDeclaration)
        if identity in self.checks:
            from doctor.plugins.agree import agree  # noqa: PLC0415 - a healthy host needs no fixer

            agree(self.check(identity), found)
        return found

    def probe(self, name: str) -> Loaded:
        """Return the probe with this name."""
        return self.load(self.probes[name], ProbeDeclaration)

    def report_format(self, name: str) -> Loaded:
        """Return the report format with this name; raises ``UsageError`` that lists the existing names."""
        entry = self.formats.get(name)
        if entry is None:
            raise UsageError(f"no report format '{name}'", do=f"choose one of {', '.join(sorted(self.formats))}")
        return self.load(entry, FormatDeclaration)

    def renamed(self) -> dict[str, str]:
        """Return former check id → current id; imports every check."""
        return {old: identity for identity in self.checks for old in self._formerly(identity)}

    def choose(self, select: tuple[str, ...], skip: tuple[str, ...]) -> list[str]:
        """Return the ids of checks to run: those selected by id or area (default: all), without the skipped ones."""
        chosen = set(self.checks)
        if select:
            chosen = {identity for word in select for identity in self._match(word)}
        return sorted(chosen - {identity for word in skip for identity in self._match(word)})

    def _match(self, word: str) -> list[str]:
        found = [
            identity
            for identity in self.checks
            if identity == word or identity.rpartition("/")[0] == word or identity.partition(":")[0] == word
        ]
        if not found:
            found = [identity for identity in self.checks if word in self._formerly(identity)]
        if not found:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistyped id

            areas = {identity.rpartition("/")[0] for identity in self.checks}
            near = get_close_matches(word, [*self.checks, *areas], n=1)
            hint = f"did you mean '{near[0]}'?" if near else "see 'doctor list'"
            raise UsageError(f"no check or area '{word}'", do=hint)
        return found

    def _formerly(self, identity: str) -> tuple[str, ...]:
        declaration = self.check(identity).declaration
        return declaration.formerly if isinstance(declaration, CheckDeclaration) else ()


def _likely_first(module: ModuleType) -> Iterator[Any]:
    """Yield the values of a module; first the one with the module's name, which nearly every declared function has."""
    own = getattr(module, module.__name__.rpartition(".")[2], None)
    if own is not None:
        yield own
    yield from vars(module).values()


def _walk_flat(package: str) -> Iterator[tuple[str, str, str]]:
    top = directory_of(package)
    for stem in modules_in(package):
        yield stem.replace("_", "-"), f"{package}.{stem}", f"{top}/{stem}.py"


def _walk_areas(package: str) -> Iterator[tuple[str, str, str]]:
    for area in folders_in(package):
        yield from _walk_area(package, area)


def _walk_area(package: str, area: str) -> Iterator[tuple[str, str, str]]:
    """Yield the modules of an area and of its folders for subjects, which are not part of the id."""
    inside = f"{package}.{area}"
    yield from ((f"{area}/{stem}", module, path) for stem, module, path in _walk_flat(inside))
    for name in folders_in(inside):
        yield from ((f"{area}/{stem}", module, path) for stem, module, path in _walk_flat(f"{inside}.{name}"))
