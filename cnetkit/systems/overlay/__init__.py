"""Docker's overlay network: VXLAN between bridges on several hosts."""
