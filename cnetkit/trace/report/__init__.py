"""A trace for other programs and in words: JSON, tables, latencies, comparisons, sentences."""
