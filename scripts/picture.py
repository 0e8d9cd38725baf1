"""Creates docs/terminal.svg: a real scan and repair of a throw-away host in a terminal. Needs root and the dev extra."""

import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.hosts.box import Box

OUT = Path(__file__).parents[1] / "docs" / "terminal.svg"
WIDTH = 100


def shown(box: Box, *words: str) -> str:
    """Return a command and what it prints, in colour."""
    line = " ".join(words)
    done = box.doctor("--color", "always", *words, env={"COLUMNS": str(WIDTH)})
    return f"\x1b[1m$ doctor {line}\x1b[0m\n{done.stdout.rstrip()}\n\n"


def main() -> int:
    """Break a host, let doctor scan and repair it, and draw what a terminal shows."""
    with tempfile.TemporaryDirectory() as place, Box(Path(place)) as box:
        box.start_dockerd()
        box.load_images()
        box.docker(
            "run", "-d", "--name", "web", "-p", "8080:80", "--stop-timeout", "1", "bb:1", "httpd", "-f", "-p", "80"
        )
        box.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"])
        box.run(
            [
                "iptables",
                "-t",
                "nat",
                "-D",
                "POSTROUTING",
                "-s",
                "172.17.0.0/16",
                "!",
                "-o",
                "docker0",
                "-j",
                "MASQUERADE",
            ]
        )
        text = shown(box, "scan")
        text += shown(box, "fix", "--apply", "--yes")
        text += "\x1b[1m$ doctor scan --quiet; echo $?\x1b[0m\n" + str(box.doctor("scan", "--quiet").returncode) + "\n"
    # The command's name as after an installation, not its path in this checkout.
    text = text.replace(str(box.doctor_path), "doctor")
    # Readers don't need the vendor suffix of the kernel.
    text = re.sub(r"(kernel \d+\.\d+\.\d+)-[\w.-]+", r"\1", text)
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text.from_ansi(text.rstrip()))
    svg = console.export_svg(title="doctor", theme=MONOKAI)
    # Use the reader's own fonts, so that the page loads nothing.
    OUT.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL))
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
