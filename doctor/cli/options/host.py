"""Options and help of the commands that examine a host, change it or run containers on it."""

from typing import Annotated

import typer

from doctor.cli.options.shared import (
    Allow,
    Bundle,
    Color,
    DataRoot,
    ForEngine,
    Format,
    Output,
    Quiet,
    Root,
    Select,
    Skip,
    Verbose,
    given,
    shared_options,
)


def scan(
    context: typer.Context,
    select: Select = "",
    skip: Skip = "",
    deep: Annotated[
        bool, typer.Option("--deep", help="Also verify the content of every layer (reads all of it).")
    ] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Also run test containers.")] = False,
    root: Root = "",
    data_root: DataRoot = "",
    bundle: Bundle = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="SEVERITY", help="Lowest severity that exits 1: info, warning, error, critical."
        ),
    ] = "",
    for_engine: ForEngine = "",
    since_last: Annotated[bool, typer.Option("--since-last", help="Show only changes since the last scan.")] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", hidden=True)] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Examine the host and report findings. Changes nothing.

    \b
    Examples:
      doctor scan
      doctor scan --select network,firewall -v
      doctor scan --root /mnt/disk --format html -o report.html
      doctor scan --for-engine 29
      doctor scan --bundle web-1.bundle
    """
    from doctor.cli.commands import scan as body

    options = body.ScanOptions(
        select=select,
        skip=skip,
        deep=deep,
        probe=probe,
        root=root,
        data_root=data_root,
        bundle=bundle,
        format=format,
        output=output,
        fail_on=fail_on,
        since_last=since_last,
        scheduled=scheduled,
        for_engine=for_engine,
    )
    shared = shared_options(context, verbose, quiet, color)
    if bundle:
        from doctor.cli.commands import bundled

        raise typer.Exit(bundled.scan_bundle(options, shared))
    raise typer.Exit(body.run(options, shared))


def fix(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Repair only these findings (check ids or areas).")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Apply the plan, after asking once.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    allow: Allow = "",
    resume: Annotated[bool, typer.Option("--resume", help="Finish an interrupted repair.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also run the deep checks.")] = False,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            "--choose",
            metavar="ID:SUBJECT=CANDIDATE",
            help="Choose one of several candidates; 'doctor fix' lists them.",
        ),
    ] = None,
    root: Root = "",
    bundle: Bundle = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Print the repair plan, or apply it with --apply.

    An applied repair is verified, and rolled back if it fails.

    \b
    Examples:
      doctor fix
      doctor fix network/ip-forward-off --apply
      doctor fix --apply --yes --allow disruptive
      doctor fix --choose state/layer-mount-corrupt:web=3f2a91 --apply
      doctor fix --root /mnt/disk --apply
    """
    from doctor.cli.commands import fix as body
    from doctor.cli.commands.planned import FixOptions

    raise typer.Exit(
        body.run(
            FixOptions(
                ids=tuple(ids or ()),
                apply=apply,
                yes=yes,
                allow=allow,
                resume=resume,
                deep=deep,
                root=root,
                bundle=bundle,
                choose=tuple(choose or ()),
                format=format,
                output=output,
            ),
            shared_options(context, verbose, quiet, color),
        )
    )


def undo(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", callback=given, help="Repair to undo; default: the last one.")
    ] = "",
    list_runs: Annotated[bool, typer.Option("--list", help="List earlier repairs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also replace files that were changed after the repair.")
    ] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Undo a repair: restore every byte, mode, owner and rule.

    What happens to a running engine and its containers is shown first. Exit code 1 if one of them does not run afterwards.

    \b
    Examples:
      doctor undo --list
      doctor undo
      doctor undo 20261124-101502 --yes
    """
    from doctor.cli.commands import undo as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.run(run, list_runs=list_runs, yes=yes, force=force, shared=shared))


def probe(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME…]",
            help="Probes to run; default: all. With --trace: a container and a target.",
        ),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Send one packet, and follow it through the kernel to where it ends.")
    ] = False,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Run test containers and report what works on this host.

    This also works without dockerd.

    --trace shows each device that a packet passes, the rule or reason that drops it, and the way of the answer. Exit code 0
    means delivered, 1 dropped or refused, 3 unknown. A target is an address, a container, 'host' or, from a client of
    doctor's own to a published port, 'outside:PORT'.

    \b
    Examples:
      doctor probe
      doctor probe egress port
      doctor probe --trace web 192.0.2.80:443
      doctor probe --trace web db:5432
      doctor probe --trace web 127.0.0.11:53/udp
      doctor probe --trace web outside:8080
      doctor probe --trace host 172.17.0.2 --format json
    """
    shared = shared_options(context, verbose, quiet, color)
    if trace:
        from doctor.cli.commands import trace as traced

        raise typer.Exit(traced.run(tuple(names or ()), format, output, shared))
    from doctor.cli.commands import probe as body

    raise typer.Exit(body.run(tuple(names or ()), format, output, shared))


def run_container(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Image, bundle directory or root directory.")],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[CMD…]", help="Command; default: the image's own.")
    ] = None,
    net: Annotated[str, typer.Option("--net", metavar="MODE", help="bridge, none, host or container:NAME.")] = "bridge",
    publish: Annotated[
        list[str] | None, typer.Option("--publish", "-p", metavar="[IP:]HOST:CONTAINER", help="Publish a port.")
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", "-v", metavar="SOURCE:TARGET[:ro]", help="Bind-mount a directory or file."),
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", metavar="NAME=VALUE", help="Set a variable.")] = None,
    workdir: Annotated[str, typer.Option("--workdir", "-w", metavar="DIR", help="Working directory.")] = "",
    user: Annotated[str, typer.Option("--user", "-u", metavar="USER[:GROUP]", help="Run as this user.")] = "",
    hostname: Annotated[str, typer.Option("--hostname", metavar="NAME", help="Host name inside.")] = "",
    memory: Annotated[str, typer.Option("--memory", metavar="BYTES[k|m|g]", help="Memory limit.")] = "",
    cpus: Annotated[str, typer.Option("--cpus", metavar="N", help="CPU limit, for example 1.5.")] = "",
    pids: Annotated[str, typer.Option("--pids", metavar="N", help="Limit of processes and threads.")] = "",
    remove: Annotated[bool, typer.Option("--rm", help="No effect: the container is always removed.")] = False,  # noqa: ARG001
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help="Keep standard input open.")] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help="Allocate a terminal.")] = False,
) -> None:
    """Run a container with the bundled runtime, without dockerd.

    The image is read from the data root.

    \b
    Examples:
      doctor run app:latest
      doctor run -it --net none busybox sh
      doctor run --memory 64m -p 8080:80 web
    """
    from doctor.cli.commands import run as body

    raise typer.Exit(
        body.run(
            body.RunCommandOptions(
                image=image,
                command=tuple(command or ()),
                net=net,
                publish=tuple(publish or ()),
                volume=tuple(volume or ()),
                env=tuple(env or ()),
                workdir=workdir,
                user=user,
                hostname=hostname,
                memory=memory,
                cpus=cpus,
                pids=pids,
                interactive=interactive,
                tty=tty,
            )
        )
    )


def salvage(
    context: typer.Context,
    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE…]", help="Images to salvage, by name or id; default: all.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Directory for the OCI layout.")] = "",
    tar: Annotated[
        str, typer.Option("--tar", metavar="FILE", help="Also write a tar for 'docker load'; - is standard output.")
    ] = "",
    volumes: Annotated[bool, typer.Option("--volumes", help="Also salvage volumes, one tar each.")] = False,
    containers: Annotated[
        bool, typer.Option("--containers", help="Also salvage writable layers of containers.")
    ] = False,
    unproven: Annotated[bool, typer.Option("--unproven", help="Also write unproven images, as NAME-unproven.")] = False,
    compress: Annotated[bool, typer.Option("--compress", help="Write layers as gzip.")] = False,
    shared: Annotated[
        bool, typer.Option("--shared", help="Make the files readable by all users (0644 instead of 0600).")
    ] = False,
    root: Root = "",
    data_root: DataRoot = "",
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Copy proven images out of a data root, without dockerd.

    The images are written as an OCI layout. The data root may be on a mounted disk.

    An interrupted salvage continues when run again. Exit code 1 means that something was left out.

    \b
    Examples:
      doctor salvage --to /mnt/usb/images
      doctor salvage --to out --tar images.tar app:latest
      doctor salvage --root /mnt/disk --to out --volumes --containers
      doctor salvage --data-root /mnt/disk/docker --to out
    """
    from doctor.cli.commands import salvage as body
    from doctor.salvage.salvaging import Wish

    wish = Wish(
        to=to,
        images=tuple(images or ()),
        tar=tar,
        volumes=volumes,
        containers=containers,
        unproven=unproven,
        compress=compress,
        shared=shared,
    )
    raise typer.Exit(body.run(wish, root, data_root, format, shared_options(context, verbose, quiet, color)))
