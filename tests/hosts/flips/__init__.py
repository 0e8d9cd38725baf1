"""The bit-flip sweep: every byte of the engine's own files flipped or cut off, judged by doctor, a sample of it by dockerd.

`python -m tests.hosts.flips` runs it and writes benchmarks/FLIPS.md.
"""
