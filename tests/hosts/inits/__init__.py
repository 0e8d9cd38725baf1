"""The managers sweep: each fault of a running engine repaired where systemd, an init script or a person runs it.

`python -m tests.hosts.inits` runs it and writes benchmarks/INITS.md.
"""
