"""Kubernetes: pods, and services by a kube-proxy on each host."""
