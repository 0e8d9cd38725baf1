"""Shared by the commands: the host, the catalogue, the settings and the output."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from doctor.cli.spelled import as_root, pasted
from doctor.cli.spelled import name as name_of_doctor
from doctor.host.base import Host
from doctor.model.errors import UsageError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.report import HostInfo, Report
from doctor.model.severity import Applicability, Severity
from doctor.model.text import visible
from doctor.model.verdict import Scope
from doctor.plugins.catalog import Catalog

if TYPE_CHECKING:
    from doctor.model.fleet.report import FleetReport
    from doctor.state.settings import Settings

_OF_A_HOST = frozenset(
    {"etc", "usr", "var", "proc", "run", "sys", "boot", "bin", "sbin", "lib", "root", "home", "ostree"}
)


class SharedOptions(Struct, frozen=True, kw_only=True):
    """Options every command takes."""

    verbose: bool
    quiet: bool
    colour: bool

    @classmethod
    def make(cls, *, verbose: bool, quiet: bool, color: str) -> "SharedOptions":
        """Decide on colour: requested, or a terminal that is not dumb and no NO_COLOR (no-color.org)."""
        if color not in {"auto", "always", "never"}:
            raise UsageError(f"--color '{color}' is unknown", do="choose auto, always or never")
        terminal = is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
        return cls(verbose=verbose, quiet=quiet, colour=color == "always" or (color == "auto" and terminal))

    def progress(self, text: str) -> None:
        """Print progress on standard error. A repair continues if standard error is closed."""
        # If the caller closed it (2>&-), sys.stderr is None, and print would use standard output.
        if not self.quiet and sys.stderr is not None:
            with suppress(OSError, ValueError):
                from doctor.facts.secrets.redact import redact

                print(visible(pasted(redact(text))), file=sys.stderr, flush=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; False if the caller closed it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def asked(question: str) -> bool:
    """Ask on the terminal and return whether the answer is yes; end of input counts as no."""
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def open_host(root: str, data_root: str = "") -> Host:
    """Return the live host, the host mounted at ``root``, or a host that has only a data root."""
    if data_root:
        if root:
            raise UsageError("--root and --data-root can't be combined", do="use --root for the disk of a whole host")
        from doctor.host.data_root import DataRootHost
        from doctor.plugins.engines import engines

        return DataRootHost(data_root, engines())
    if not root or os.path.realpath(root) == "/":
        from doctor.host.live import LiveHost

        return LiveHost()
    if not os.path.isdir(root):
        raise UsageError(
            "--root is not a directory", where=root, do="name the directory where the host's disk is mounted"
        )
    if not _holds_a_host(root):
        raise UsageError(
            "--root contains no host: etc, usr and var are missing", where=root, do="mount the host's disk there first"
        )
    from doctor.host.recorded import RootHost

    top = os.path.dirname(os.path.abspath(root))
    recorded = os.path.join(top, "answers.toml")
    # Only a test case has recorded answers next to its root; a file next to a user's disk is not trusted.
    if os.path.isfile(os.path.join(top, "case.toml")) and os.path.isfile(recorded):
        from doctor.host.answers import load

        return RootHost(root, load(recorded))
    return RootHost(root)


def _holds_a_host(root: str) -> bool:
    """Whether the directory contains a host: on an empty mount point every check would pass."""
    try:
        return not _OF_A_HOST.isdisjoint(os.listdir(root))
    except OSError:
        return True


def use_engines(shared: SharedOptions) -> None:
    """Find the engines of the plugins that the settings allow; unreadable settings allow none.

    A plugin that can't be loaded does not stop an undo or a salvage of another engine's data.
    """
    from doctor.model.errors import DoctorError

    try:
        settings = load_settings()
    except DoctorError:
        return
    try:
        if settings.plugins:
            load_catalog(settings)
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a plugin that can't be loaded is a note
        from doctor.scan.resolve import located

        reason = str(error) if isinstance(error, DoctorError) else located(error)
        shared.progress(f"note: plugins are not used: {reason}")


def load_settings() -> "Settings":
    """Return the settings of doctor.toml."""
    from doctor.state.settings import load

    return load()


def load_catalog(settings: "Settings", *, survey: bool = False) -> Catalog:
    """Return every check, fixer, probe and format that the settings allow; ``survey`` also lists refused ones."""
    from doctor.plugins.load import load

    return load(settings.plugins, settings.plugin_directories, survey=survey)


def words(text: str) -> tuple[str, ...]:
    """Split a comma list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def severity(word: str, option: str) -> Severity:
    """Parse a severity."""
    try:
        return Severity.parse(word)
    except KeyError:
        names = ", ".join(level.word for level in Severity)
        raise UsageError(f"{option} '{word}' is unknown", do=f"choose one of {names}") from None


def applicability(word: str) -> Applicability:
    """Parse the value of --allow; "manual" is not a valid one."""
    try:
        found = Applicability.parse(word)
    except KeyError:
        found = Applicability.MANUAL
    if found is Applicability.MANUAL:
        raise UsageError(f"--allow '{word}' is unknown", do="choose safe, disruptive or destructive")
    return found


def host_info(host: Host, engine: str = "") -> HostInfo:
    """Return the host's name, kernel, system, engine version, and the ids of it and of its boot."""
    from doctor.formats.host.machine_id import host_id

    return HostInfo(
        name=_line(host, "/etc/hostname") if not host.is_live() or host.kind == "root" else host.name,
        kernel=_line(host, "/proc/sys/kernel/osrelease"),
        root=host.root,
        os=_os_name(host),
        engine=engine,
        id=host_id(_text(host, "/etc/machine-id") or _text(host, "/var/lib/dbus/machine-id")),
        boot=host_id(_text(host, "/proc/sys/kernel/random/boot_id")),
    )


def _line(host: Host, path: str) -> str:
    try:
        return (
            host.read(HostPath(path), limit_bytes=65536).decode("utf-8", "replace").strip().split("\n")[0] or host.name
        )
    except HostError:
        return host.name if path == "/etc/hostname" else ""


def _text(host: Host, path: str) -> str:
    try:
        return host.read(HostPath(path), limit_bytes=65536).decode("utf-8", "replace")
    except HostError:
        return ""


def _os_name(host: Host) -> str:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        for line in _text(host, path).splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip().strip("\"'")
    return ""


def scope(catalog: Catalog, settings: "Settings", host: Host, *, select: str = "", skip: str = "") -> Scope:
    """Return the number of checks, the filters in effect, and the command to run where root is needed."""
    left_out = [f"--select {select}" if words(select) else "", f"--skip {skip}" if words(skip) else ""]
    left_out.append(f"'skip = {_json(settings.skip)}' of the settings" if settings.skip else "")
    remedy = as_root() if os.geteuid() != 0 and host.is_live() else ""
    return Scope(installed=len(catalog.checks), narrowed=", ".join(filter(None, left_out)), remedy=remedy)


def _json(words: tuple[str, ...]) -> str:
    import json

    return json.dumps(words)


def emit(catalog: Catalog, report: "Report | FleetReport", name: str, output: str, shared: SharedOptions) -> int:
    """Render a report and write it; return its exit code, which a format may change (nagios)."""
    from doctor.facts.secrets.redact import redacted

    report = redacted(report)
    loaded = catalog.report_format(name)
    kinds = getattr(loaded.declaration, "of", ())
    if report.kind not in kinds:
        raise UsageError(
            f"format '{name}' does not support a {report.kind} report", do=f"it supports: {', '.join(kinds)}"
        )
    if getattr(loaded.declaration, "pages", False):
        from doctor.cli.page_parts import completed

        report = completed(report, catalog, loaded.declaration)
    if name == "text":
        width = min(_columns(), 110)
        raw: bytes = loaded.function(
            report, colour=shared.colour and not output, width=width, verbose=shared.verbose, program=name_of_doctor()
        )
    else:
        raw = loaded.function(report)
    change = getattr(sys.modules[loaded.function.__module__], "exit_code", None)
    # A format may define its own exit codes; a 0 never replaces a failure.
    code = int(report.exit_code if change is None else change(report) or report.exit_code)
    if output and output != "-":
        write_report(output, raw)
        shared.progress(f"wrote {output}")
    elif not shared.quiet and sys.stdout is not None:
        _print(raw, code)
    return code


def _print(raw: bytes, code: int) -> None:
    """Write a report to standard output. If that fails, the exit code of a failure remains."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
    except OSError as error:
        from doctor.cli.exit_codes import is_of_output, unwritten

        if not code or not is_of_output(error):
            raise
        unwritten(error, code)


def write_report(path: str, raw: bytes) -> None:
    """Write a report to a file."""
    from doctor.model.errors import DoctorError
    from doctor.state.out import write_out

    try:
        write_out(path, raw)
    except OSError as error:
        raise DoctorError(
            f"can't write the report: {error.strerror}", where=path, do="choose another -o FILE"
        ) from error
    except ValueError as error:
        # A NUL, which settings can hold and no path.
        raise DoctorError(f"can't write the report: {error}", where=path) from error


def _columns() -> int:
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return 100
