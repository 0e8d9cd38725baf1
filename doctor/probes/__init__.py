"""One probe per file: its test containers, and the judgement of their results.

A probe is a pure generator: its parameters are facts, it yields the containers to run and judges their results.
``doctor.scan.prove`` starts the runtime, once for all probes.
"""
