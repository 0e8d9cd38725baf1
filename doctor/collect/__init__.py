"""A module per family of facts: reads them from a host. ``collect.X`` collects what ``facts.X`` defines."""
