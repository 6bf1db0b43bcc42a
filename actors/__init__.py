"""Floor 2, who does it, one at a time: partitions of accounts, and the runtimes that host them."""
