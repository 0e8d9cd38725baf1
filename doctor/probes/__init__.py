"""A file a probe: the test container, and what it proves.

A probe is a pure generator: its parameters are facts, it yields what to launch and judges how that ended. The runtime is
started by ``doctor.scan.prove``, once for all probes.
"""
