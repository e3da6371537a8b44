"""Device memory that refuses what a card would let pass.

Every access is checked: it must lie inside one allocation, be aligned, read only what has been
written, and not meet another thread's access to the same byte without a barrier between.
"""

import numpy as np

NOBODY, MANY = -1, -2
TRACE = np.dtype([("thread", np.int32), ("block", np.int32), ("epoch", np.int32)])


class Fault(Exception):  # noqa: N818
    """What is an error on a card, or undefined."""


class Who:
    """The threads that make an access, their blocks, and how many barriers those have passed."""

    def __init__(self, thread, block, epoch):
        self.thread, self.block, self.epoch = thread, block, epoch


class Allocation:
    """Bytes, and who touched each of them last during the current launch.

    Shared memory has a copy for each block, so many bytes (``stride``) apart.
    """

    def __init__(self, base, size, copies):
        self.base, self.size = base, size
        self.stride = -(-size // 16) * 16
        self.bytes = np.full(self.stride * copies, 0xCB, np.uint8)  # not zeros: they hide errors
        self.written = np.zeros(len(self.bytes), bool)
        self.forget()

    def forget(self):
        """No access yet: a launch begins."""
        self.reads = self.writes = None

    def _traces(self, width):
        """Last reads and last writes, a row for each aligned group of so many bytes."""
        if self.reads is None:
            nobody = np.array((NOBODY, NOBODY, 0), TRACE)
            self.reads, self.writes = (np.full(len(self.bytes), nobody) for _ in range(2))
        return self.reads.reshape(-1, width), self.writes.reshape(-1, width)

    def load(self, offset, dtype, who):
        """Values at byte offsets, read by the threads ``who``."""
        width, row = dtype.itemsize, offset // dtype.itemsize
        reads, writes = self._traces(width)
        _refuse_race("reads", writes[row], who)
        reads[row] = _with_reader(reads[row], who)
        order = np.argsort(row, kind="stable")  # several threads may read the same place
        same = np.diff(row[order]) == 0
        if same.any():
            first, second = order[:-1][same], order[1:][same]
            reads["thread"][row[first]] = MANY
            reads["block"][row[first[who.block[first] != who.block[second]]]] = MANY
        if not self.written.reshape(-1, width)[row].all():
            raise Fault("reads what nothing has written")
        return self.bytes.view(dtype)[row]

    def store(self, offset, values, who):
        """Write values at byte offsets."""
        width, row = values.itemsize, offset // values.itemsize
        reads, writes = self._traces(width)
        if len(np.unique(row)) < len(row):
            raise Fault("two threads write to the same place at once")
        _refuse_race("writes", writes[row], who)
        _refuse_race("writes", reads[row], who)
        for name in TRACE.names:
            writes[name][row] = getattr(who, name)[:, None]
        self.bytes.view(values.dtype)[row] = values
        self.written.reshape(-1, width)[row] = True


def _with_reader(last, who):
    """Traces of reads after one more: of one thread, of many of a block, or of many blocks."""
    thread, block, epoch = who.thread[:, None], who.block[:, None], who.epoch[:, None]
    mine = last["block"] == block
    before = (last["thread"] == NOBODY) | (mine & (last["epoch"] < epoch))
    last["thread"] = np.where(before | (last["thread"] == thread), thread, MANY)
    last["block"] = np.where(before | mine, block, MANY)
    last["epoch"] = epoch
    return last


def _refuse_race(verb, last, who):
    """Refuse an access after another thread's, unless a barrier of the block lies between."""
    foreign = (last["thread"] != NOBODY) & (last["thread"] != who.thread[:, None])
    ordered = (last["block"] == who.block[:, None]) & (last["epoch"] < who.epoch[:, None])
    bad = foreign & ~ordered
    if bad.any():
        at, byte = np.argwhere(bad)[0]
        other = last[at, byte]
        raise Fault(
            f"race: thread {who.thread[at]} of block {who.block[at]} {verb} what thread "
            f"{other['thread']} of block {other['block']} uses, and no barrier lies between"
        )


class Memory:
    """All allocations, at addresses that lie far apart."""

    def __init__(self, total, first=0x7F00_0000_0000):
        self.total, self.used = total, 0
        self._next = first
        self._all = {}
        self._bases = np.empty(0, np.uint64)

    def allocate(self, size, copies=1):
        """Address of new memory, or None where there is not enough."""
        if self.used + size > self.total:
            return None
        base, self._next = self._next, self._next + -(-size // 512) * 512 + (1 << 20)
        self._all[base] = Allocation(base, size, copies)
        self._bases = np.array(sorted(self._all), np.uint64)
        self.used += size
        return base

    def free(self, base):
        """Give an allocation back."""
        if base not in self._all:
            raise Fault(f"free of {base:#x}, where no allocation begins")
        self.used -= self._all.pop(base).size
        self._bases = np.array(sorted(self._all), np.uint64)

    def begin_launch(self):
        """Accesses before this launch are ordered before it."""
        for one in self._all.values():
            one.forget()

    def parts(self, address, size):
        """For addresses of accesses of so many bytes: allocation, which of them, and offsets."""
        index = np.searchsorted(self._bases, address, "right") - 1
        if (index < 0).any():
            raise Fault(f"address {address[index < 0][0]:#x} lies before all memory")
        for one in np.unique(index):
            found = self._all[int(self._bases[one])]
            chosen = np.flatnonzero(index == one)
            offset = address[chosen] - self._bases[one]  # unsigned, for addresses far above
            outside = offset + np.uint64(size) > found.size
            if outside.any():
                raise Fault(
                    f"{size} bytes at {offset[outside][0]} of an allocation of {found.size}"
                )
            if (offset % np.uint64(size)).any():
                raise Fault(f"{size} bytes at an address that is no multiple of that")
            yield found, chosen, offset.astype(np.int64)

    def _range(self, address, size, what):
        index = int(np.searchsorted(self._bases, np.uint64(address), "right")) - 1
        found = self._all[int(self._bases[index])] if index >= 0 else None
        if found is None or address + size > found.base + found.size:
            raise Fault(f"{what} of {size} bytes at {address:#x} is not in one allocation")
        start = address - found.base
        return found, slice(start, start + size)

    def copy_in(self, address, data):
        """Bytes of the host to the device."""
        found, where = self._range(address, len(data), "a copy to the device")
        found.bytes[where] = data
        found.written[where] = True

    def copy_out(self, address, size):
        """Bytes of the device, all of which must have been written."""
        found, where = self._range(address, size, "a copy to the host")
        if not found.written[where].all():
            raise Fault("a copy to the host holds bytes that nothing has written")
        return found.bytes[where]
