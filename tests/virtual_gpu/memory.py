"""Device memory that refuses what a card would let pass.

Every access is checked: it must lie inside one allocation, be aligned, read only what has been
written, and not meet another thread's access to the same place without a barrier between.
"""

import numpy as np

NOBODY, MANY = -1, -2


class Fault(Exception):
    """What is an error on a card, or undefined."""


class Allocation:
    """Bytes, and who touched them last during the current launch."""

    def __init__(self, base, size):
        self.base, self.size = base, size
        self.bytes = np.full(-(-size // 16) * 16, 0xCB, np.uint8)  # not zeros: they hide errors
        self.written = np.zeros(len(self.bytes), bool)
        self.forget()

    def forget(self):
        """No access yet: a launch begins."""
        self.writer = None

    def _remember(self):
        if self.writer is None:
            self.writer, self.reader = (np.full(len(self.bytes), NOBODY) for _ in range(2))
            self.write_block, self.read_block = (np.full(len(self.bytes), NOBODY) for _ in range(2))
            self.write_epoch, self.read_epoch = (np.zeros(len(self.bytes), int) for _ in range(2))

    def load(self, offset, dtype, who):
        """Values at byte offsets, read by the threads ``who``."""
        self._remember()
        _raced("read", self.writer[offset], self.write_block, self.write_epoch, offset, who)
        reader, block = self.reader[offset], self.read_block[offset]
        before = (reader == NOBODY) | ((block == who.block) & (self.read_epoch[offset] < who.epoch))
        self.reader[offset] = np.where(before | (reader == who.thread), who.thread, MANY)
        self.read_block[offset] = np.where(before | (block == who.block), who.block, MANY)
        self.read_epoch[offset] = who.epoch
        _note_sharing(offset, who, self.reader, self.read_block)
        if not self.written[offset].all():
            raise Fault(f"{who.kernel} reads what nothing has written")
        return self.bytes.view(dtype)[offset // dtype.itemsize]

    def store(self, offset, values, who):
        """Write values at byte offsets."""
        self._remember()
        if len(np.unique(offset)) < len(offset):
            raise Fault(f"{who.kernel}: two threads write to the same place at once")
        _raced("write", self.writer[offset], self.write_block, self.write_epoch, offset, who)
        _raced("write", self.reader[offset], self.read_block, self.read_epoch, offset, who)
        self.writer[offset], self.write_block[offset] = who.thread, who.block
        self.write_epoch[offset] = who.epoch
        self.reader[offset] = self.read_block[offset] = NOBODY
        self.bytes.view(values.dtype)[offset // values.itemsize] = values
        for byte in range(values.itemsize):
            self.written[offset + byte] = True


def _note_sharing(offset, who, reader, read_block):
    """Several threads of one instruction may read the same place."""
    order = np.argsort(offset, kind="stable")
    same = np.diff(offset[order]) == 0
    if same.any():
        first, second = order[:-1][same], order[1:][same]
        reader[offset[first]] = MANY
        blocks = who.block[first] != who.block[second]
        read_block[offset[first[blocks]]] = MANY


def _raced(verb, other, blocks, epochs, offset, who):
    """Refuse an access after another thread's, unless a barrier of the block lies between."""
    foreign = (other != NOBODY) & (other != who.thread)
    ordered = (blocks[offset] == who.block) & (epochs[offset] < who.epoch)
    bad = foreign & ~ordered
    if bad.any():
        at = int(np.argmax(bad))
        raise Fault(
            f"race in {who.kernel}: thread {who.thread[at]} of block {who.block[at]} {verb}s what "
            f"thread {other[at]} of block {blocks[offset][at]} uses, and no barrier lies between"
        )


class Who:
    """The threads that make an access."""

    def __init__(self, kernel, thread, block, epoch):
        self.kernel, self.thread, self.block, self.epoch = kernel, thread, block, epoch


class Memory:
    """All allocations, at addresses that lie far apart."""

    def __init__(self, total):
        self.total, self.used = total, 0
        self._next = 0x7F00_0000_0000
        self._all = {}
        self._bases = np.empty(0, np.uint64)

    def allocate(self, size):
        """Address of new memory, or None where there is not enough."""
        if self.used + size > self.total:
            return None
        base, self._next = self._next, self._next + -(-size // 512) * 512 + (1 << 20)
        self._all[base] = Allocation(base, size)
        self._bases = np.array(sorted(self._all), np.uint64)
        self.used += size
        return base

    def free(self, base):
        """Give an allocation back."""
        self.used -= self._all.pop(base).size
        self._bases = np.array(sorted(self._all), np.uint64)

    def begin_launch(self):
        """Accesses before this launch are ordered before it."""
        for one in self._all.values():
            one.forget()

    def parts(self, address, size, what):
        """For addresses of accesses of so many bytes: allocation, which of them, and offsets."""
        address = np.asarray(address, np.uint64)
        index = np.searchsorted(self._bases, address, "right") - 1
        if (index < 0).any():
            raise Fault(f"{what} at address {address[index < 0][0]:#x}, before all memory")
        for one in np.unique(index):
            found = self._all[int(self._bases[one])]
            chosen = np.flatnonzero(index == one)
            offset = (address[chosen] - self._bases[one]).astype(np.int64)
            outside = offset + size > found.size
            if outside.any():
                raise Fault(
                    f"{what} of {size} bytes at {offset[outside][0]} of an allocation of "
                    f"{found.size}"
                )
            if (offset % size).any():
                raise Fault(f"{what} of {size} bytes at an address that is no multiple")
            yield found, chosen, offset

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
