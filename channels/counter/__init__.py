"""The airport counter: baggage charges and their EMDs."""
