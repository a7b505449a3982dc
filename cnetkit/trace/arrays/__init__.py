"""Work on numpy columns that knows nothing of packets: digests, sorting, groups, trees, lookups."""
