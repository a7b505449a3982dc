"""Docker: a bridge with Docker's rules, and published ports."""
