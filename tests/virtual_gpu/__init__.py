"""A GPU of NumPy arrays: it executes the PTX that Numba compiles, so that no card is needed.

``ptx.py`` executes one kernel for all threads, ``memory.py`` is the memory, which tells of races,
uninitialised reads and accesses outside an allocation, ``driver.py`` stands in for the CUDA driver
that Numba calls.
"""
