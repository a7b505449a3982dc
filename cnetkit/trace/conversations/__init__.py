"""What two ends sent each other: which journeys belong to one flow."""
