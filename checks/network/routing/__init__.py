"""Rules of routing and routes of the host that end or divert packets of containers."""
