"""The settings sweep: each daemon.json of `cases.json` is tried by dockerd, and judged by a scan before that.

`python -m tests.hosts.settings` runs it and writes benchmarks/SETTINGS.md.
"""
