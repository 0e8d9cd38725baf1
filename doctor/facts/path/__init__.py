"""A packet's path through the host: the state of the kernel's network namespaces, and the model that follows a packet."""
