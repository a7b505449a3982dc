"""flannel: a network for pods, a subnet a host, with routes or VXLAN between hosts."""
