"""Formats of files of events, a file each: how the bytes are read, and how they are written."""
