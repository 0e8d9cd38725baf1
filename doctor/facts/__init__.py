"""A module per family of facts: frozen values and the judgements on them. ``facts.X`` is collected in ``collect.X``."""
