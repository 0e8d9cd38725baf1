"""Resolves facts, runs checks, collects outcomes, relates causes and symptoms, and runs probes."""
