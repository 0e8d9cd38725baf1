"""How records follow from other records: pure functions, each with what proves its result."""
