"""Options and help of ``doctor kubernetes``."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Quiet, Select, Skip, Verbose, shared_options

kubernetes = typer.Typer(
    help="""Scan a node of Kubernetes regularly, and set its conditions.

    The two commands run in two containers of a DaemonSet (docs/kubernetes.md): the one that reads the host has no access to the
    API, and the one that has access does not see the host.
    """,
    short_help="Scan a node of Kubernetes regularly, and set its conditions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@kubernetes.command("scan")
def kubernetes_scan(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="Write each report to this file.")],
    host_root: Annotated[
        str,
        typer.Option(
            "--host-root", metavar="DIR", help="The host's root directory, as it is mounted in the container."
        ),
    ] = "/",
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="Time between two scans: 90s, 10m, 6h.")
    ] = "10m",
    limit: Annotated[str, typer.Option("--limit", metavar="TIME", help="Longest time of one scan.")] = "5m",
    once: Annotated[bool, typer.Option("--once", help="Scan once and exit.")] = False,
    select: Select = "",
    skip: Skip = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Scan the host at intervals and keep the newest report. Changes nothing on the host, and keeps no history there.

    A scan that fails or takes too long is reported, and leaves the earlier report.

    \b
    Examples:
      doctor kubernetes scan --to /reports/scan.json --host-root /host
      doctor kubernetes scan --to scan.json --once
    """
    from doctor.cli.commands import kubernetes as body

    raise typer.Exit(
        body.scan(
            body.ScanLoop(to=to, host_root=host_root, every=every, limit=limit, once=once, select=select, skip=skip),
            shared_options(context, verbose, quiet, color),
        )
    )


@kubernetes.command("publish")
def kubernetes_publish(
    context: typer.Context,
    report: Annotated[str, typer.Option("--from", metavar="FILE", help="The report of the newest scan.")],
    node: Annotated[
        str, typer.Option("--node", metavar="NAME", envvar="NODE_NAME", help="Name of the node (spec.nodeName).")
    ] = "",
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            metavar="TYPE[=AREA,…]",
            help="Condition to set, and the areas or checks that it is about; can be repeated. Default: ContainerHostProblem.",
        ),
    ] = None,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="Time between two rounds.")] = "1m",
    oldest: Annotated[
        str, typer.Option("--oldest", metavar="TIME", help="Age at which a scan proves nothing any more.")
    ] = "35m",
    server: Annotated[
        str, typer.Option("--server", metavar="URL", help="API server; default: the one of the pod.")
    ] = "",
    account: Annotated[
        str, typer.Option("--account", metavar="DIR", help="Directory with token and ca.crt; default: that of the pod.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Publish once and exit.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Set conditions of the node from the newest report.

    Each change of a condition is an event as well. A condition is True for a problem, False if the scan examined everything and found none, and else Unknown.

    \b
    Examples:
      doctor kubernetes publish --from /reports/scan.json
      doctor kubernetes publish --from scan.json --node node-1 --once \\
          --server http://127.0.0.1:8001
      doctor kubernetes publish --from scan.json \\
          --condition ContainerNetworkProblem=network,firewall,path,dns
    """
    from doctor.cli.commands import kubernetes as body

    raise typer.Exit(
        body.publish(
            body.PublishLoop(
                report=report,
                node=node,
                conditions=tuple(condition or ()),
                every=every,
                oldest=oldest,
                server=server,
                account=account,
                once=once,
            ),
            shared_options(context, verbose, quiet, color),
        )
    )
