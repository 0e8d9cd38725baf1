"""The record of each run on disk: plan, journal, and the identity of its host."""
