"""Measures of how diverse a set of rows is."""
