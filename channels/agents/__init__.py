"""The agents' channel: instant debit at ticketing, for agencies that have prepaid."""
