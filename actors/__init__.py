"""Floor 2, who does it, one at a time: partitions of account actors, and the runtimes that host them."""
