"""One module a table: `sections(rounds)` makes its hosts, measures, and yields what was found. A file here is found by run.py."""
