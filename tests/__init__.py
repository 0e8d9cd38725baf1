"""Tests, and the throw-away hosts they break."""
