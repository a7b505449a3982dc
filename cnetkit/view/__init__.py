"""SHOW: a trace becomes text, tables and pictures. Pure: what is shown was in the trace."""
