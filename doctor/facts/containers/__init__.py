"""Facts on containers: settings, requirements, and remains of lost containers."""
