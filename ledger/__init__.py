"""Floor 0, the book: money, accounts, commands, events, decide and apply, the journal and its stores."""
