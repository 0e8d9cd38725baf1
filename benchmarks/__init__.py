"""Measurements of doctor as whole processes, and a generator of data roots to measure on. Not shipped, not run by the tests."""
