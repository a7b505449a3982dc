"""Operations on numpy columns: digests, sorting, groups, trees, lookups. Knows nothing about packets."""
