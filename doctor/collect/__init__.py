"""Collectors read facts from a host, one folder per subject. ``collect.X`` collects the facts of ``facts.X``."""
