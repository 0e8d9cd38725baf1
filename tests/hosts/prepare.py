"""Builds what throw-away hosts start from, before a test's time limit runs: `python -m tests.hosts.prepare`.

Both are kept in the cache (`archive.cache_directory`), so a second call takes no time.
"""

import sys

from tests.hosts.box import why_not
from tests.hosts.patient import patient
from tests.hosts.systemd import systemd_root, why_no_systemd


def main() -> int:
    """Build the patient and the systemd root; what can't be built here is reported and left out, and its tests are skipped."""
    for reason, build in ((why_not(), patient), (why_no_systemd(), systemd_root)):
        if reason:
            print(reason, file=sys.stderr)
        else:
            build()
    return 0


if __name__ == "__main__":
    sys.exit(main())
