"""The HTTP API: accounts, transfers, payments and orders, for every channel."""
