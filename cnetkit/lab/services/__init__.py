"""Services: what makes a network's members reachable, one real system, one file."""
