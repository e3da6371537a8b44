"""Spike codes, one file each: its equations and its encoder."""
