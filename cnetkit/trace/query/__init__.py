"""Queries over many journeys: their columns, the selection language, and the selections."""
