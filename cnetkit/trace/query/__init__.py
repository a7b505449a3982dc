"""What is asked of many journeys: their columns, the selection language, and the parts that it selects."""
