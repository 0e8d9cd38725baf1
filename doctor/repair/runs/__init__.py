"""The record of each run on disk: its plan, its journal, and the host that it belongs to."""
