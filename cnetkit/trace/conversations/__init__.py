"""What two ends sent each other: the grouping of journeys into flows."""
