"""Run inside a host: prints the fact `Paths` as JSON, whatever the checks make of it."""

import json
import sys

from doctor.facts.path.paths import Paths
from doctor.host.live import LiveHost
from doctor.scan.resolve import Facts


def main() -> None:
    """Print where packets end, and how many ways nobody knows of."""
    paths = Facts(LiveHost()).get(Paths)
    if isinstance(paths, Paths):
        cuts = [f"{cut.cause}: {cut.says} ({len(cut.ways)} ways)" for cut in paths.cuts]
        found = {"cuts": cuts, "unknown": paths.unknown, "walked": paths.walked, "delivered": paths.delivered}
    else:
        found = {"cuts": [], "unknown": [(f"no paths: {paths}", 1)], "walked": 0, "delivered": 0}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
