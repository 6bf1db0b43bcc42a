"""The airport counter: bookings, the tariff of baggage, charges, EMDs, shifts."""
