"""Completion for shells and for the docker command: one answer, ``doctor __complete WORD…``, and a small script for each shell."""
