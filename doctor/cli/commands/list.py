"""``doctor list``: checks, fixers, probes, report formats and plugins, loaded or refused."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from doctor.cli.common import SharedOptions, load_catalog, load_settings
from doctor.model.declare import CheckDeclaration, Declaration, FixerDeclaration, FormatDeclaration, ProbeDeclaration
from doctor.model.errors import UsageError
from doctor.model.text import visible
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import CatalogEntry, Loaded
from doctor.state.settings import Settings

KINDS = ("checks", "fixers", "probes", "formats", "plugins")


class Row(Struct, frozen=True, kw_only=True):
    """One line: the id, an attribute (severity, applicability, media type), a summary, and its JSON object."""

    id: str
    word: str
    about: str
    fields: dict[str, Any]


def run(kind: str, format_name: str, shared: SharedOptions) -> int:
    """Print all kinds or one, as text or JSON; return 0, or 3 if a file could not be loaded."""
    if kind and kind not in KINDS:
        raise UsageError(f"unknown kind '{kind}'", do=f"choose one of {', '.join(KINDS)}")
    if format_name not in {"text", "json"}:
        raise UsageError(f"'doctor list' does not support format '{format_name}'", do="choose text or json")
    settings = load_settings()
    catalog = load_catalog(settings, survey=True)
    wanted = (kind,) if kind else KINDS
    found = {name: rows(name, catalog, settings) for name in wanted}
    if format_name == "json":
        import json

        document = {"schema_version": "1", **{name: [row.fields for row in found[name]] for name in wanted}}
        print(json.dumps(document, indent=1))
    else:
        print("\n".join(_text(found, shared)))
    return 3 if any("problem" in row.fields for name in wanted for row in found[name]) else 0


def rows(kind: str, catalog: Catalog, settings: Settings) -> list[Row]:
    """Return the rows of a kind, sorted by id."""
    if kind == "plugins":
        return _plugins(catalog, settings)
    loaders: dict[str, tuple[type[Declaration], Callable[[Loaded], tuple[str, dict[str, Any]]]]] = {
        "checks": (CheckDeclaration, lambda loaded: _check(loaded, catalog)),
        "fixers": (FixerDeclaration, _fixer),
        "probes": (ProbeDeclaration, _probe),
        "formats": (FormatDeclaration, _format),
    }
    wanted, describe = loaders[kind]
    entries: dict[str, CatalogEntry] = getattr(catalog, kind)
    return [_row(entries[name], catalog, wanted, describe) for name in sorted(entries)]


def _row(
    entry: CatalogEntry,
    catalog: Catalog,
    wanted: type[Declaration],
    describe: Callable[[Loaded], tuple[str, dict[str, Any]]],
) -> Row:
    try:
        loaded = catalog.load(entry, wanted)
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a file that can't be loaded becomes a row
        problem = visible(f"{type(error).__name__}: {error}")
        fields = {"id": entry.id, "summary": "", "plugin": entry.plugin, "problem": problem}
        return Row(id=entry.id, word="broken", about=problem, fields=fields)
    word, more = describe(loaded)
    about = visible(loaded.summary)
    return Row(
        id=entry.id, word=word, about=about, fields={"id": entry.id, "summary": about, "plugin": entry.plugin, **more}
    )


def _check(loaded: Loaded, catalog: Catalog) -> tuple[str, dict[str, Any]]:
    declaration = loaded.declaration
    if not isinstance(declaration, CheckDeclaration):
        return "", {}
    return declaration.severity.word, {
        "severity": declaration.severity.word,
        "fixer": loaded.entry.id in catalog.fixers,
        "breaks": list(declaration.breaks),
        "causes": list(declaration.causes),
        "formerly": list(declaration.formerly),
        "deep": declaration.deep,
    }


def _fixer(loaded: Loaded) -> tuple[str, dict[str, Any]]:
    word = loaded.declaration.applicability.word if isinstance(loaded.declaration, FixerDeclaration) else ""
    return word, {"applicability": word}


def _probe(loaded: Loaded) -> tuple[str, dict[str, Any]]:
    proves = loaded.declaration.proves if isinstance(loaded.declaration, ProbeDeclaration) else ""
    return "", {"proves": visible(proves)}


def _format(loaded: Loaded) -> tuple[str, dict[str, Any]]:
    if not isinstance(loaded.declaration, FormatDeclaration):
        return "", {}
    return "", {"media": loaded.declaration.media, "of": list(loaded.declaration.of)}


def _plugins(catalog: Catalog, settings: Settings) -> list[Row]:
    """Return loaded and refused plugins, including those that the settings do not allow."""
    found = [_plugin(name, label, "loaded", "") for name, label in catalog.plugins]
    refused = list(catalog.refused)
    if not settings.plugins:
        from doctor.plugins import thirdparty

        refused += [(plugin.label, thirdparty.refusal(plugin, ())) for plugin in thirdparty.find()]
    found += [_plugin(label, label, "refused", reason) for label, reason in refused]
    return sorted(found, key=lambda row: row.id)


def _plugin(name: str, label: str, state: str, reason: str) -> Row:
    fields = {"id": visible(name), "distribution": visible(label), "state": state, "reason": visible(reason)}
    return Row(id=fields["id"], word=state, about=visible(reason or label), fields=fields)


def _text(found: dict[str, list[Row]], shared: SharedOptions) -> list[str]:
    lines: list[str] = []
    for kind, entries in found.items():
        title = f"{kind} ({len(entries)})"
        lines += ["", f"\x1b[1m{title}\x1b[0m" if shared.colour else title]
        wide = max((len(row.id) for row in entries), default=0)
        word = max((len(row.word) for row in entries), default=0)
        for row in entries:
            middle = f"  {row.word:<{word}}" if word else ""
            lines.append(f"  {row.id:<{wide}}{middle}  {row.about}".rstrip())
        if not entries:
            lines.append("  none")
    return lines[1:]
