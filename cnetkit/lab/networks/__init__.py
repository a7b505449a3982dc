"""Networks: one real kind of network, one file, each turning a wish into kernel operations."""
