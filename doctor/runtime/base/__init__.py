"""The foundation of all other parts: system calls, cheap values, errors, JSON, commands of the host."""
