"""A host's facts in one file: taken on one machine, judged on another one. Each module says how hostile its input may be."""
