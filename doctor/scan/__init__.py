"""Resolve the facts that checks ask for, run the checks, gather outcomes, relate causes and symptoms."""
