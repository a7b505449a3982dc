"""The benchmarks: each prints one table of medians and ratios measured side by side. Tests never time anything."""
