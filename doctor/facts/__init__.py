"""Facts: frozen values and the judgements on them, one folder per subject. ``facts.X`` is collected in ``collect.X``."""
