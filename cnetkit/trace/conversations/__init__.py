"""What two ends sent each other: the grouping of journeys into flows, and how each flow's exchange went."""
