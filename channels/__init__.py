"""Floor 4, where the customer pays: one adapter for each sales channel."""
