"""Selling in flight: money set aside before, tills that tell what they sold after."""
