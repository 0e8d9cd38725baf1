"""``doctor salvage``: copy images, volumes and writable layers out of a data root without its engine."""

import os
import sys
from shlex import quote

from doctor.cli.common import SharedOptions, is_terminal, open_host, use_engines
from doctor.cli.spelled import as_root
from doctor.facts.secrets.redact import redact, redacted
from doctor.model.errors import RefusedError, UsageError
from doctor.model.text import plural, visible
from doctor.salvage.progress import human
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.salvaging import Wish, salvage
from doctor.salvage.volumes import FOLDER, SCRIPT
from doctor.state import host_json


def run(wish: Wish, root: str, data_root: str, form: str, shared: SharedOptions) -> int:
    """Salvage, print the written and the left-out items, and return the exit code."""
    if not wish.to:
        raise UsageError("--to is missing", do="name the directory to write to: 'doctor salvage --to DIR'")
    if form not in {"text", "json"}:
        raise UsageError(f"--format '{form}' is unknown", do="choose text or json")
    if wish.tar == "-" and is_terminal(sys.stdout):
        raise UsageError("refusing to write a tar to a terminal", do="pipe it: … --tar - | ssh host docker load")
    use_engines(shared)
    host = open_host(root, data_root)
    if os.geteuid() != 0 and host.is_live() and not data_root:
        raise RefusedError("only root can read the data root of this host", do=f"run '{as_root()}'")
    outcome = salvage(host, wish, shared.progress)
    # With --tar -, standard output is the tar.
    out = sys.stderr if wish.tar == "-" else sys.stdout
    if form == "json":
        print(host_json.encode(redacted(outcome)).decode(), file=out)
    elif not shared.quiet:
        print("\n".join(map(visible, map(redact, _lines(outcome, wish, verbose=shared.verbose)))), file=out)
    return outcome.exit_code


def _lines(outcome: SalvageOutcome, wish: Wish, *, verbose: bool) -> list[str]:
    proven = [image for image in outcome.images if not image.unproven and not image.container]
    lines = [f"{plural(len(proven), 'image')} proven and written to {wish.to}"]
    lines += [f"  {', '.join(image.names) or '<no name>'}  {image.id[:12]}" for image in proven]
    for image in outcome.images:
        if image.unproven:
            lines.append(
                f"unproven: {', '.join(image.names) or '<no name>'}  {image.id[:12]}, was {image.original[:12]}"
            )
            lines.append(f"  {image.unproven}")
    lines += [
        f"container {image.container} as an image: {image.names[0]}" for image in outcome.images if image.container
    ]
    for tree in outcome.trees:
        lines.append(
            f"{tree.kind} {tree.name}  {tree.file}  {human(tree.size)}{f'  ({tree.note})' if tree.note else ''}"
        )
        lines += [f"  skipped: {skipped}" for skipped in (tree.skipped if verbose else ())]
    lines += _hints(outcome, wish)
    if outcome.left:
        lines.append("left out:")
        lines += [f"  {left.kind} {left.name}: {left.reason}" for left in outcome.left]
    lines += [f"note: {note}" for note in outcome.notes]
    kept = f", {human(outcome.bytes_kept)} already present" if outcome.bytes_kept else ""
    lines.append(f"{human(outcome.bytes_written)} written{kept}")
    return lines


def _hints(outcome: SalvageOutcome, wish: Wish) -> list[str]:
    """Return the commands that restore the output on another host."""
    hints = []
    if wish.tar not in {"", "-"} and outcome.images:
        hints.append(f"images:     docker load -i {quote(wish.tar)}")
    elif outcome.images and outcome.images[0].names and not wish.tar:
        name = outcome.images[0].names[0]
        hints.append(
            f"images:     skopeo copy oci:{quote(wish.to)}:{name} docker-daemon:{name}    (or run again with --tar)"
        )
    kinds = {tree.kind for tree in outcome.trees}
    if "volume" in kinds:
        hints.append(
            f"volumes:    sudo sh {quote(f'{wish.to}/{FOLDER}/{SCRIPT}')}    (creates them with labels and options)"
        )
    if "container" in kinds:
        images = [image.names[0] for image in outcome.images if image.container]
        with_image = f"; with its image also as an image, {images[0]}" if images else ""
        hints.append(f"containers: one tar of the writable layer each, and the settings, in containers/{with_image}")
    return ["to restore, on another host:", *(f"  {hint}" for hint in hints)] if hints else []
