"""Measures of spike trains: rates, intervals, correlations and distances, a family a file."""
