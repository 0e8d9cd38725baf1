"""Starts the command, or the runtime when the program was called by the runtime's name."""

import sys

import doctor_boot

try:
    if sys.argv[0].rpartition("/")[2] == "doctor-runtime":
        from doctor.runtime.__main__ import main
    else:
        from doctor.cli.entry import main
    sys.exit(main())
except doctor_boot.CorruptError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(3)
