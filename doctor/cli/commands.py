"""The commands that look at a host, change it or launch on it: their options and help."""

from typing import Annotated

import typer

from doctor.cli.arguments import (
    Allow,
    Color,
    DataRoot,
    Format,
    Output,
    Quiet,
    Root,
    Select,
    Skip,
    Verbose,
    shared_options,
)


def scan(
    context: typer.Context,
    select: Select = "",
    skip: Skip = "",
    deep: Annotated[bool, typer.Option("--deep", help="Also prove the content of every layer (reads it all).")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Also launch test containers.")] = False,
    root: Root = "",
    data_root: DataRoot = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 from: info, warning, error, critical.")
    ] = "",
    since_last: Annotated[bool, typer.Option("--since-last", help="Only what changed since the last scan.")] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", hidden=True)] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Examine the host and report. Changes nothing.

    \b
    Examples:
      doctor scan
      doctor scan --select network,firewall -v
      doctor scan --root /mnt/disk --format html -o report.html
    """
    from doctor.cli import scan as body

    raise typer.Exit(
        body.run(
            body.Options(
                select=select,
                skip=skip,
                deep=deep,
                probe=probe,
                root=root,
                data_root=data_root,
                format=format,
                output=output,
                fail_on=fail_on,
                since_last=since_last,
                scheduled=scheduled,
            ),
            shared_options(context, verbose, quiet, color),
        )
    )


def fix(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Only these findings (check ids or areas).")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry the plan out, after asking once.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    allow: Allow = "",
    resume: Annotated[bool, typer.Option("--resume", help="Finish a repair that was interrupted.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Judge with the deep checks too.")] = False,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            "--choose",
            metavar="ID:SUBJECT=CANDIDATE",
            help="Say which of several candidates is right; 'doctor fix' lists them.",
        ),
    ] = None,
    root: Root = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Print what would be done about the findings; with --apply, do it, prove it, or roll it back.

    \b
    Examples:
      doctor fix
      doctor fix network/ip-forward-off --apply
      doctor fix --apply --yes --allow disruptive
      doctor fix --choose state/layer-mount-corrupt:web=3f2a91 --apply
      doctor fix --root /mnt/disk --apply
    """
    from doctor.cli import fix as body

    raise typer.Exit(
        body.run(
            body.Options(
                ids=tuple(ids or ()),
                apply=apply,
                yes=yes,
                allow=allow,
                resume=resume,
                deep=deep,
                root=root,
                choose=tuple(choose or ()),
                format=format,
                output=output,
            ),
            shared_options(context, verbose, quiet, color),
        )
    )


def undo(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="Which repair; the last one by default.")] = "",
    list_runs: Annotated[bool, typer.Option("--list", help="List the repairs there were.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where a file was changed after the repair.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Take a repair back: every byte, mode, owner and rule as it was.

    \b
    Examples:
      doctor undo --list
      doctor undo
      doctor undo 20261124-101502 --yes
    """
    from doctor.cli import undo as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.run(run, list_runs=list_runs, yes=yes, force=force, shared=shared))


def probe(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Which probes; all by default.")] = None,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Launch test containers and say what this host can and can't do, with dockerd alive or dead.

    \b
    Examples:
      doctor probe
      doctor probe egress port
    """
    from doctor.cli import probe as body

    raise typer.Exit(body.run(tuple(names or ()), format, output, shared_options(context, verbose, quiet, color)))


def run_container(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Image, bundle directory or root directory.")],
    command: Annotated[list[str] | None, typer.Argument(metavar="[CMD…]", help="Instead of the image's own.")] = None,
    net: Annotated[str, typer.Option("--net", metavar="MODE", help="bridge, none, host or container:NAME.")] = "bridge",
    publish: Annotated[
        list[str] | None, typer.Option("--publish", "-p", metavar="[IP:]HOST:CONTAINER", help="Publish a port.")
    ] = None,
    volume: Annotated[
        list[str] | None, typer.Option("--volume", "-v", metavar="SOURCE:TARGET[:ro]", help="Bind a directory or file.")
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", metavar="NAME=VALUE", help="Set a variable.")] = None,
    workdir: Annotated[str, typer.Option("--workdir", "-w", metavar="DIR", help="Working directory.")] = "",
    user: Annotated[str, typer.Option("--user", "-u", metavar="USER[:GROUP]", help="Run as this user.")] = "",
    hostname: Annotated[str, typer.Option("--hostname", metavar="NAME", help="Host name inside.")] = "",
    memory: Annotated[str, typer.Option("--memory", metavar="BYTES[k|m|g]", help="Memory limit.")] = "",
    cpus: Annotated[str, typer.Option("--cpus", metavar="N", help="Processors, 1.5 for one and a half.")] = "",
    pids: Annotated[str, typer.Option("--pids", metavar="N", help="Most processes and threads.")] = "",
    remove: Annotated[bool, typer.Option("--rm", help="Accepted for habit: nothing is ever left behind.")] = False,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help="Keep standard input open.")] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help="Give it a terminal.")] = False,
) -> None:
    """Start a container with the bundled runtime, from an image in the data root, with dockerd dead.

    \b
    Examples:
      doctor run app:latest
      doctor run -it --net none busybox sh
      doctor run --memory 64m -p 8080:80 web
    """
    from doctor.cli import run as body

    raise typer.Exit(
        body.run(
            body.Options(
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
                rm=remove,
                interactive=interactive,
                tty=tty,
            )
        )
    )


def salvage(
    context: typer.Context,
    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE…]", help="Only these images, by name or id; all by default.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Where the OCI layout is written.")] = "",
    tar: Annotated[
        str, typer.Option("--tar", metavar="FILE", help="Also one tar for 'docker load'; - for standard output.")
    ] = "",
    volumes: Annotated[bool, typer.Option("--volumes", help="Also volumes, each as a tar.")] = False,
    containers: Annotated[bool, typer.Option("--containers", help="Also containers' writable layers.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Also what can't be proven, as other images named …-unproven.")
    ] = False,
    compress: Annotated[bool, typer.Option("--compress", help="Write layers as gzip.")] = False,
    shared: Annotated[bool, typer.Option("--shared", help="Let others read it (0644 instead of 0600).")] = False,
    root: Root = "",
    data_root: DataRoot = "",
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Write every image that is provably whole to an OCI layout, with dockerd dead or the disk mounted elsewhere.

    Run again, it goes on where it was stopped. Exit code 1 says that something was left out.

    \b
    Examples:
      doctor salvage --to /mnt/usb/images
      doctor salvage --to out --tar images.tar app:latest
      doctor salvage --root /mnt/disk --to out --volumes --containers
      doctor salvage --data-root /mnt/disk/docker --to out
    """
    from doctor.cli import salvage as body
    from doctor.salvage.work import Wish

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
