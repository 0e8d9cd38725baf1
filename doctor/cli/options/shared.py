"""Options shared by several commands, and those of every command."""

from typing import Annotated, Any

import typer

from doctor.engines.docker import places as docker


def engine_series(incomplete: str) -> list[str]:
    """Return the series of the engine that doctor knows, for completion."""
    from doctor.facts.engine.versions import Lifecycles
    from doctor.host.live import LiveHost
    from doctor.scan.resolve import Facts

    return [name for name in Facts(LiveHost()).get(Lifecycles).series_names() if name.startswith(incomplete)]


def probe_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the probes, or with --trace the running containers and, for one, its published ports, for completion."""
    if not context.params.get("trace"):
        from doctor.cli.common import load_catalog, load_settings

        return [name for name in load_catalog(load_settings()).probes if name.startswith(incomplete)]
    from doctor.facts.containers.containers import Containers
    from doctor.host.live import LiveHost
    from doctor.scan.resolve import Facts

    found = Facts(LiveHost()).get(Containers)
    running = [one for one in found.items if one.state.running] if isinstance(found, Containers) else []
    given = context.params.get("names") or ()
    ports = [
        f"outside:{port.host_port}" for one in running if one.name in given for port in one.ports if port.host_port
    ]
    names = (*(one.name for one in running), "host", *dict.fromkeys(ports))
    return [name for name in names if name.startswith(incomplete)]


ForEngine = Annotated[
    str,
    typer.Option(
        "--for-engine",
        metavar="VERSION",
        help="Judge an upgrade of the engine to this release (29, or 28.5.2) instead of the host as it is.",
        autocompletion=engine_series,
    ),
]
Root = Annotated[
    str, typer.Option("--root", metavar="DIR", help="Examine the host mounted at DIR instead of this one.")
]
DataRoot = Annotated[
    str,
    typer.Option("--data-root", metavar="DIR", help=f"Examine a copy of {docker.DEFAULT_ROOT} without its host."),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="Report format; see 'doctor list formats'.")
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show passed checks, sources and more.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors; the exit code has the result.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never (NO_COLOR is honoured).")]
Select = Annotated[str, typer.Option("--select", metavar="ID-or-area[,…]", help="Run only these checks.")]
Skip = Annotated[str, typer.Option("--skip", metavar="ID-or-area[,…]", help="Skip these checks.")]
Allow = Annotated[
    str,
    typer.Option(
        "--allow",
        metavar="RISK",
        help="Maximum risk of a repair: safe, disruptive (something restarts) or destructive.",
    ),
]


def shared_options(context: typer.Context, verbose: bool, quiet: bool, color: str) -> Any:
    """Return the values of -v, -q and --color, given before or after the command."""
    from doctor.cli.common import SharedOptions

    given = context.obj or {}
    return SharedOptions.make(
        verbose=verbose or given.get("verbose", False),
        quiet=quiet or given.get("quiet", False),
        color=color if color != "auto" else given.get("color", "auto"),
    )
