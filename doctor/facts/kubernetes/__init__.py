"""The files of a Kubernetes node that its kubelet needs."""
