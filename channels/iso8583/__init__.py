"""ISO 8583 messages as requests to the same services that HTTP asks."""
