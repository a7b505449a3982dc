"""How each journey ended, and how that is known."""
