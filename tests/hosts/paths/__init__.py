"""Random hosts in network namespaces, real packets, and the model of the packet's path beside them."""
