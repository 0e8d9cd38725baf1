"""Completes the wheel: a README whose links work on the package index, and a page for each check (hooks of hatchling).

It imports only hatchling and the standard library, so that a wheel is built where nothing else is installed.
"""

import re
import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_PAGES = "share/doc/container-doctor/checks"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|mailto:|#)([^)\s]+)\)")


class CompleteReadme(MetadataHookInterface):
    """The package index shows the README without the files beside it: each link names the repository, at this version."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description; ``project.dynamic`` lists it."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = absolute(text, f"{metadata['urls']['Source']}/{{}}/v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


class CheckPages(BuildHookInterface[Any]):
    """A page for each check, as a file: 'doctor explain' prints the same where doctor runs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the pages for the wheel to pick up."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp())
        for name, text in runpy.run_path(f"{self.root}/scripts/docs.py", run_name="docs")["pages"]().items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        build_data["shared_data"][str(self._folder)] = _PAGES

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove them."""
        del build_data, artifact_path
        if version != "editable":
            shutil.rmtree(self._folder)


def absolute(text: str, place: str) -> str:
    """Return Markdown with links that need no file beside it; ``{}`` in ``place`` is the kind of view.

    >>> absolute("[a](docs/a.md#b) ![c](d.svg) [e](https://f) [g](#h)", "https://x/{}/v1")
    '[a](https://x/blob/v1/docs/a.md#b) ![c](https://x/raw/v1/d.svg) [e](https://f) [g](#h)'
    """

    def link(found: re.Match[str]) -> str:
        view = place.format("raw" if found[1] else "blob")
        return f"{found[1]}[{found[2]}]({view}/{found[3]})"

    return _LINK.sub(link, text)
