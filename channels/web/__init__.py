"""The web channel: the pages that a passenger, a till and a reader of the API look at."""
