"""Run the sweep: `python -m tests.hosts.settings`, as root. One box, about 4 s a file."""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.hosts.box import Box, why_not
from tests.hosts.settings.case import SettingsResult, cases, findings, stop, tried

_HEAD = """# Settings files, judged before dockerd reads them

`python -m tests.hosts.settings --write benchmarks/SETTINGS.md`, as root; {date}, {engine}, {count} files.

Each file is put on a host whose engine is stopped. A scan judges it; then dockerd, the judge, starts with it and runs a container.
*named*: the engine does not start, or starts no container, and the scan has a finding that an empty file has not. *missed*: no such
finding. *quiet*: it works, and no error was found. *false*: it works, and an error was found. `--validate` is what
`dockerd --validate` says of the same file.

Of {stops} files with which the engine does not start {stops_named} were named (`--validate`: {stops_valid}); of {runs} with which it
starts no container {runs_named} ({runs_valid}). Of {works} harmless files {false} were called an error.

| file | settings | engine | `--validate` | scan | finding |
| --- | --- | --- | --- | --- | --- |
"""


def markdown(results: Sequence[SettingsResult], engine: str, date: str) -> str:
    """One row a file; those that the scan judged wrongly come first."""
    stops = [one for one in results if one.engine == "does not start"]
    runs = [one for one in results if one.engine == "starts no container"]
    works = [one for one in results if one.engine == "works"]
    head = _HEAD.format(
        date=date,
        engine=engine,
        count=len(results),
        stops=len(stops),
        stops_named=sum(one.word == "named" for one in stops),
        stops_valid=sum(not one.is_valid for one in stops),
        runs=len(runs),
        runs_named=sum(one.word == "named" for one in runs),
        runs_valid=sum(not one.is_valid for one in runs),
        works=len(works),
        false=sum(one.word == "false" for one in works),
    )
    order = {"missed": 0, "false": 1}
    rows = sorted(results, key=lambda one: (order.get(one.word, 2), one.name))
    return head + "".join(_row(one) for one in rows)


def _row(one: SettingsResult) -> str:
    found = ", ".join(dict.fromkeys(check for check, _, _ in one.found))
    text = one.text.replace("|", "\\|").replace("\n", " ")[:100]
    engine = (
        one.engine if one.word not in {"missed", "false"} else f"{one.engine}: {one.says[-160:]}".replace("|", "\\|")
    )
    valid = "accepts" if one.is_valid else "refuses"
    return f"| {one.name} | `{text}` | {engine} | {valid} | {one.word} | {found} |\n"


def main() -> int:
    """Try what is asked for; 1 if the scan judged any file wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.settings", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("only", nargs="*", default=[""], help="beginnings of the files' names; default all")
    parser.add_argument("--write", help="where the table is written (benchmarks/SETTINGS.md)")
    options = parser.parse_args()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    results = []
    with Box() as box:
        box.start_dockerd()
        box.load_images()
        engine = box.run(["docker", "version", "--format", "dockerd {{.Server.Version}}"]).stdout.strip()
        known = frozenset(findings(box))
        stop(box)
        known |= frozenset(findings(box))
        for name, case in sorted(cases().items()):
            if name.startswith(tuple(options.only)):
                results.append(tried(box, name, case, known))
                print(f"{name}: {results[-1].engine}: {results[-1].word}", file=sys.stderr, flush=True)
    text = markdown(results, engine, dt.datetime.now(tz=dt.UTC).date().isoformat())
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    print(text)
    return int(any(one.word in {"missed", "false"} for one in results))


if __name__ == "__main__":
    sys.exit(main())
