"""Lists of numbers in HDF5, read from the bytes of the file.

HDF5 1.14 reads them itself, but for bytes that are wrong it allocates what a length says, looks for
the end of a heap for ever, or ends the process.  An element of such a data set is 16 bytes: the
length of the list, 32 bits; the address of a heap, 64 bits; and the number of an object in it, 32
bits.  A heap is "GCOL", a version, its size; then objects: a number, a count, the size, and the
data filled up to 8 bytes.  Number 0 is what is left over.
"""

from __future__ import annotations

import zlib

import numpy as np

from spikecore.events.formats.content import refuse

HEAP = b"GCOL\x01"
HEAD = 16  # bytes before the first object, and before the data of an object
ELEMENT = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
DEFLATE, SHUFFLE = 1, 2  # filters of chunks; HDF5 has no others for lists


def lists(path, content, data_set, name, kind):
    """The lists of a data set with one axis, as arrays."""
    elements = _elements(path, content, data_set, name)
    if int(elements["length"].sum(dtype=np.int64)) * kind.itemsize > content.size:
        must, longest = f"have the lists of {name!r} in the file", int(elements["length"].max())
        refuse(path, must, f"one of {longest} numbers")
    base = int(data_set.file.userblock_size)
    heaps, found = {}, []
    for length, address, number in elements.tolist():
        if not length:
            found.append(np.empty(0, kind))
            continue
        if address not in heaps:
            heaps[address] = _objects(path, content, base + address)
        start, size = heaps[address].get(number, (0, -1))
        if length * kind.itemsize > size:
            must = f"have the lists of {name!r} in a heap"
            refuse(path, must, f"none of {length} numbers with number {number}", base + address)
        found.append(content[start : start + length * kind.itemsize].view(kind))
    return found


def _elements(path, content, data_set, name):
    """The lengths, addresses and numbers of all lists."""
    count, stored = data_set.shape[0], data_set.id
    elements = np.zeros(count, ELEMENT)
    must = f"have the lists of {name!r} in one piece or in chunks"
    if data_set.chunks is None:
        offset = stored.get_offset()
        if count and (offset is None or stored.get_storage_size() != count * ELEMENT.itemsize):
            refuse(path, must, f"{stored.get_storage_size()} bytes for {count} lists")
        if count:
            elements[:] = _numbers(path, content[offset : offset + 16 * count], count, must)
        return elements
    filters = _filters(path, stored.get_create_plist(), must)
    width = data_set.chunks[0]
    for index in range(stored.get_num_chunks()):
        info = stored.get_chunk_info(index)
        piece = content[info.byte_offset : info.byte_offset + info.size]
        # A bit of the mask is 1 for a filter that the chunk did not go through.
        applied = [code for i, code in enumerate(filters) if not info.filter_mask >> i & 1]
        chunk = _numbers(path, _unfiltered(path, piece, applied, width, must), width, must)
        start = info.chunk_offset[0]
        elements[start : start + width] = chunk[: max(0, count - start)]
    return elements


def _numbers(path, piece, count, must):
    """So many elements of bytes."""
    if piece.size != count * ELEMENT.itemsize:
        refuse(path, must, f"{piece.size} bytes for {count} lists")
    return piece.view(ELEMENT)


def _filters(path, plist, must):
    """The filters of chunks, in the order in which they were applied."""
    found = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    for code in found:
        if code not in (DEFLATE, SHUFFLE):
            refuse(path, f"{must}, compressed by gzip at most", f"filter {code}")
    return found


def _unfiltered(path, piece, filters, width, must):
    """The bytes of a chunk before its filters."""
    length = width * ELEMENT.itemsize
    for code in reversed(filters):
        if code == SHUFFLE:
            if piece.size != length:
                refuse(path, must, f"{piece.size} bytes for {width} lists")
            piece = np.ascontiguousarray(piece.reshape(ELEMENT.itemsize, width).T).reshape(-1)
        else:
            try:
                raw = zlib.decompressobj().decompress(piece.tobytes(), length)
            except zlib.error as error:
                refuse(path, must, error)
            piece = np.frombuffer(raw, np.uint8)
    return piece


def _objects(path, content, start):
    """Where the data of each object of a heap begin, and their size, by its number."""
    if start + HEAD > content.size or content[start : start + 5].tobytes() != HEAP:
        refuse(path, "have heaps where its lists say", "none", start)
    size = int(content[start + 8 : start + 16].view("<u8")[0])
    if size > content.size - start:
        refuse(path, "have heaps that lie within the file", f"one of {size} bytes", start)
    place, end, found = start + HEAD, start + size, {}
    while place + HEAD <= end:
        number = int(content[place : place + 2].view("<u2")[0])
        length = int(content[place + 8 : place + 16].view("<u8")[0])
        if number == 0:
            break
        if length > end - place - HEAD:
            refuse(path, "have heaps that hold their objects", f"one of {length} bytes", place)
        found[number] = place + HEAD, length
        place += HEAD + (length + 7) // 8 * 8
    return found
