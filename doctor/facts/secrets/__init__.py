"""Redaction: which text may leave the host, and which is masked."""
