"""Actions on settings of the engine: its file, its logging, its storage."""
