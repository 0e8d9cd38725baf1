"""Faults of a container's path, and what the kernel must say of each: the battery of ``doctor probe --trace``.

Run by hand: ``python -m tests.hosts.traces [NAME…]`` makes a box, breaks it in one way after another, traces a packet each
time and compares the end of its way. RESULTS.md has the last figures.
"""
