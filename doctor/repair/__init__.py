"""The only code that changes a host: plan, predict, journal, back up, apply, verify, undo."""
