"""Ratios that a user feels: `make bench`."""
