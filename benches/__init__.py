"""Measurements, each beside a baseline in one run: ``python -m benches run NAME``."""
