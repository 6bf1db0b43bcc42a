"""Floor 3, what the wallet does for people: payments first."""
