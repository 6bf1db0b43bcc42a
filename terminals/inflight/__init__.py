"""Selling in flight, with phone and till both offline: what is signed, and who checks it."""
