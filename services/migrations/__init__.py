"""How the store's schema came to be, one revision a file; run by services/store.py."""
