"""Reports on a trace: JSON, tables, latencies, comparisons, sentences."""
