"""Floor 0, the book: money, accounts, commands and events, decide and apply, the journal."""
