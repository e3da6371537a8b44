"""Calls with bad values: the values, the functions to call, and what an answer must look like."""
