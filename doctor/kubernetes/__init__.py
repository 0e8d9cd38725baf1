"""Sets conditions of a node and events from a scan's JSON report, by the API of Kubernetes.

Three requests are all that is sent: two patches of ``nodes/NAME/status``, of which the first changes nothing and returns
the conditions that the node has, and a new event where a condition changed (docs/decisions/0069).
"""
