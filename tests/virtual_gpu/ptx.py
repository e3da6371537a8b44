"""Execute a PTX kernel, one instruction for all threads at a time.

Registers are arrays with an element per thread.  Threads that have branched away from each other
take turns, those furthest behind first, a basic block at a time.  The instructions are the ones
that the package's kernels compile to; any other is an error.
"""

import math
import operator
import re

import numpy as np

from virtual_gpu.memory import Allocation, Fault, Who

REGISTERS = {
    "p": np.bool_, "rs": np.uint16, "r": np.uint32, "rd": np.uint64, "f": np.float32,
    "fd": np.float64,
}  # fmt: skip
TYPES = {
    **{f"{kind}{8 * size}": np.dtype(f"{code}{size}")
       for kind, code in (("u", "u"), ("b", "u"), ("s", "i"), ("f", "f"))
       for size in (1, 2, 4, 8) if not (kind == "f" and size < 4)},
    "pred": np.dtype(bool),
}  # fmt: skip
READY, WAITING, DONE = range(3)


class Unsupported(Exception):
    """PTX that this machine does not know."""


# --- operations ---------------------------------------------------------------------------------


def _truncated_quotient(a, b):
    """Integer division that rounds to 0; the result of a division by 0 is left open by PTX."""
    safe = np.where(b == 0, b.dtype.type(1), b)
    if a.dtype.kind == "u":
        return a // safe
    quotient = np.abs(a) // np.abs(safe)  # the least integer is its own absolute value: a // -1
    return np.where((a < 0) != (safe < 0), -quotient, quotient)


def _shifted(a, amount, left):
    """Shift with amounts beyond the width clamped."""
    bits = 8 * a.itemsize
    count = np.minimum(amount, bits - 1).astype(a.dtype)
    moved = a << count if left else a >> count
    lost = np.where(a < 0, a.dtype.type(-1), a.dtype.type(0)) if a.dtype.kind == "i" and not left \
        else a.dtype.type(0)  # fmt: skip
    return np.where(amount >= bits, lost, moved)


BINARY = {
    "add": operator.add, "sub": operator.sub, "and": operator.and_, "or": operator.or_,
    "xor": operator.xor, "max": np.maximum, "min": np.minimum,
}  # fmt: skip
COMPARE = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


def _compare(name, a, b):
    """Comparison; those that end in u are true for NaN too."""
    if a.dtype.kind != "f":
        return COMPARE[name](a, b)
    unordered = np.isnan(a) | np.isnan(b)
    if name in ("nan", "num"):
        return unordered if name == "nan" else ~unordered
    if name in COMPARE:
        return COMPARE[name](a, b) & ~unordered
    return COMPARE[name[:-1]](a, b) | unordered


def _converted(a, modifiers, to):
    """``cvt``: saturating from float to integer."""
    rounding = {"rmi": np.floor, "rni": np.rint, "rzi": np.trunc, "rpi": np.ceil}
    for modifier in modifiers:
        if modifier in rounding:
            a = rounding[modifier](a)
        elif modifier != "rn":
            raise Unsupported(f"cvt.{modifier}")
    if a.dtype.kind == "f" and to.kind != "f":
        limits = np.iinfo(to)
        low, high = a.dtype.type(limits.min), a.dtype.type(2.0 ** (limits.bits - (to.kind == "i")))
        inside = (a >= low) & (a < high)
        whole = np.where(inside, a, 0).astype(to)
        return np.where(inside, whole, np.where(a >= high, limits.max, limits.min).astype(to))
    return a.astype(to)


# --- reading the text ---------------------------------------------------------------------------


def _immediate(text, dtype):
    if text[:2] in ("0f", "0F"):
        return np.uint32(int(text[2:], 16)).view(np.float32)
    if text[:2] in ("0d", "0D"):
        return np.uint64(int(text[2:], 16)).view(np.float64)
    value = int(text, 0)
    bits = 8 * dtype.itemsize
    return np.array(value % 2**bits, f"u{dtype.itemsize}").view(dtype)[()]


class Kernel:
    """One entry of a PTX module."""

    def __init__(self, ptx):
        text = re.sub(r"//[^\n]*", "", ptx)
        entry = re.search(r"\.visible \.entry (\w+)\((.*?)\)\s*\{(.*?)\n\}", text, re.S)
        if entry is None:
            raise Unsupported("a module without a kernel")
        self.name = entry[1]
        self.parameters = {
            name: TYPES[kind] for kind, name in re.findall(r"\.param \.(\w+) (\w+)", entry[2])
        }
        self.shared, self.shared_bytes = {}, 0
        for align, name, size in re.findall(
            r"\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\]", text.replace(entry[3], "")
        ):
            begin = -(-self.shared_bytes // int(align)) * int(align)
            self.shared[name], self.shared_bytes = begin, begin + int(size)
        self.shared_bytes = -(-self.shared_bytes // 16) * 16  # blocks lie one after another
        self._read(entry[3])

    def _read(self, body):
        self.registers, self.code, labels = {}, [], {}
        for kind, count in re.findall(r"\.reg \.\w+\s+%([a-z]+)<(\d+)>", body):
            self.registers[kind] = int(count)
        leaders = {0}
        for line in re.sub(r"\.(reg|pragma)[^;]*;", "", body).split("\n"):
            line = line.strip()
            label = re.match(r"(\$?\w+):$", line)
            if label:
                labels[label[1]] = len(self.code)
                leaders.add(len(self.code))
            elif line:
                match = re.match(r"(?:@(!?)(%\w+)\s+)?([\w.:]+)\s*(.*);$", line)
                if match is None:
                    raise Unsupported(line)
                self.code.append((line, match[1] == "!", match[2], match[3], match[4]))
                if match[3].split(".")[0] in ("bra", "bar", "ret"):
                    leaders.add(len(self.code))
        self.labels = labels
        self.leaders = leaders

    def run(self, memory, grid, block, arguments):
        """Execute the kernel for a whole grid."""
        memory.begin_launch()
        with np.errstate(all="ignore"):  # a card raises nothing
            Launch(self, memory, grid, block, arguments).run()


class Launch:
    """One execution: the registers of all threads, and where each thread stands."""

    def __init__(self, kernel, memory, grid, block, arguments):
        self.kernel, self.memory, self.arguments = kernel, memory, arguments
        per_block, blocks = math.prod(block), math.prod(grid)
        self.threads = per_block * blocks
        index = np.arange(self.threads)
        self.thread, self.block = index % per_block, index // per_block
        self.epoch = np.zeros(blocks, np.int64)
        self.number = index
        self.special = {}
        for prefix, flat, sizes in (("tid", self.thread, block), ("ctaid", self.block, grid)):
            for axis, size in zip("xyz", sizes, strict=True):
                self.special[f"%{prefix}.{axis}"] = (flat % size).astype(np.uint32)
                self.special[f"%n{prefix}.{axis}"] = np.uint32(size)
                flat = flat // size
        self.registers = {}
        self.shared = Allocation(0, max(1, kernel.shared_bytes * blocks))
        self.pc = np.zeros(self.threads, np.int64)
        self.status = np.full(self.threads, READY)

    def run(self):
        """Until every thread has ended."""
        while True:
            ready = self.status == READY
            if ready.any():
                at = int(self.pc[ready].min())
                self._run_block(at, ready & (self.pc == at))
            elif (self.status == WAITING).any():
                self._release()
            else:
                return

    def _release(self):
        """Every thread that has not ended waits at a barrier."""
        for block in np.unique(self.block[self.status == WAITING]):
            mine = (self.block == block) & (self.status == WAITING)
            if len(np.unique(self.pc[mine])) > 1:
                raise Fault(f"{self.kernel.name}: one block waits at several barriers")
            self.epoch[block] += 1
        self.status[self.status == WAITING] = READY

    def _run_block(self, at, active):
        whole = bool(active.all())
        self.active = None if whole else active
        self.chosen = np.flatnonzero(active)
        while True:
            line, negated, guard, name, operands = self.kernel.code[at]
            parts = name.split(".")
            at += 1
            if parts[0] in ("bra", "bar", "ret"):
                self._jump(parts[0], operands, at, active, negated, guard)
                return
            if guard is not None:
                raise Unsupported(line)
            try:
                self._execute(parts, [one.strip() for one in _split(operands)])
            except (KeyError, ValueError, IndexError) as error:
                raise Unsupported(f"{line} ({error!r})") from error
            if at in self.kernel.leaders:
                self.pc[self.chosen] = at
                return

    def _jump(self, name, operands, following, active, negated, guard):
        taken = active
        if guard is not None:
            predicate = self._value(guard, TYPES["pred"])
            taken = active & (~predicate if negated else predicate)
        self.pc[self.chosen] = following
        if name == "bra":
            self.pc[taken] = self.kernel.labels[operands]
        elif name == "bar":
            self.status[taken] = WAITING
        else:
            self.status[taken] = DONE

    # operands

    def _value(self, text, dtype):
        """An operand as an array of a type, or a scalar."""
        if text in self.special:
            return self.special[text].view(dtype)
        if text.startswith("%"):
            held = self.registers[text]
            if held.dtype.itemsize > dtype.itemsize:  # the low bits
                return held.view(f"u{held.dtype.itemsize}").astype(f"u{dtype.itemsize}").view(dtype)
            return held.view(dtype)
        if text in self.kernel.shared:
            return np.uint64(self.kernel.shared[text])
        return _immediate(text, dtype)

    def _put(self, text, values):
        """Set a register of the active threads."""
        own = np.dtype(REGISTERS[re.match(r"%([a-z]+)", text)[1]])
        if values.dtype != own:
            if values.dtype.itemsize != own.itemsize:  # extended by its own sign
                values = values.astype(f"{values.dtype.kind}{own.itemsize}")
            values = values.view(own)
        if self.active is None:
            if values.ndim == 0 or len(values) != self.threads:
                values = np.broadcast_to(values, self.threads).copy()
            self.registers[text] = values
            return
        if text not in self.registers:
            self.registers[text] = np.zeros(self.threads, own)
        np.copyto(self.registers[text], values, where=self.active)

    # instructions

    def _execute(self, parts, operands):
        name, kind = parts[0], TYPES.get(parts[-1])
        if name in ("ld", "st"):
            self._access(name, parts[1], kind, operands)
            return
        if kind is None:
            raise Unsupported(".".join(parts))
        target, *sources = operands
        if name == "cvt":
            self._put(
                target, _converted(self._value(sources[0], kind), parts[1:-2], TYPES[parts[-2]])
            )
            return
        if name == "selp":
            a, b = (self._value(one, kind) for one in sources[:2])
            self._put(target, np.where(self._value(sources[2], TYPES["pred"]), a, b).astype(kind))
            return
        if name in ("shl", "shr"):
            a, amount = self._value(sources[0], kind), self._value(sources[1], TYPES["u32"])
            self._put(target, _shifted(np.asarray(a), amount, name == "shl"))
            return
        values = [np.asarray(self._value(one, kind)) for one in sources]
        self._put(target, np.asarray(self._result(name, parts[1:-1], kind, values)))

    def _result(self, name, modifiers, kind, values):
        """Of the operations whose operands all have one type."""
        if name in ("mov", "cvta"):
            return values[0].copy()
        if name == "setp":
            return _compare(modifiers[0], *values)
        if name == "not":
            return ~values[0]
        if name in ("neg", "abs"):
            return -values[0] if name == "neg" else np.abs(values[0])
        if name == "div":
            return values[0] / values[1] if kind.kind == "f" else _truncated_quotient(*values)
        if name == "mul":
            if "wide" in modifiers:
                wide = np.dtype(f"{kind.kind}{2 * kind.itemsize}")
                return values[0].astype(wide) * values[1].astype(wide)
            if "hi" in modifiers:
                wide = np.dtype(f"{kind.kind}{2 * kind.itemsize}")
                product = values[0].astype(wide) * values[1].astype(wide)
                return (product >> wide.type(8 * kind.itemsize)).astype(kind)
            return values[0] * values[1]
        if name == "mad" and "lo" in modifiers:
            return values[0] * values[1] + values[2]
        return BINARY[name](*values)

    def _access(self, name, space, kind, operands):
        place = operands[1] if name == "ld" else operands[0]
        base, _, offset = place.strip("[]").partition("+")
        if space == "param":
            self._put(operands[0], np.asarray(self.arguments[base]))
            return
        address = np.broadcast_to(self._value(base, TYPES["u64"]), self.threads)[self.chosen]
        address = address + np.uint64(int(offset or 0) % 2**64)
        who = Who(
            self.kernel.name, self.number[self.chosen], self.block[self.chosen],
            self.epoch[self.block[self.chosen]],
        )  # fmt: skip
        if name == "ld":
            values = np.zeros(self.threads, kind)
            for held, some, offsets in self._parts(space, address, kind.itemsize, who, "a load"):
                part = Who(who.kernel, who.thread[some], who.block[some], who.epoch[some])
                values[self.chosen[some]] = held.load(offsets, kind, part)
            self._put(operands[0], values)
            return
        values = np.broadcast_to(self._value(operands[1], kind), self.threads)[self.chosen]
        for held, some, offsets in self._parts(space, address, kind.itemsize, who, "a store"):
            part = Who(who.kernel, who.thread[some], who.block[some], who.epoch[some])
            held.store(offsets, values[some], part)

    def _parts(self, space, address, size, who, what):
        if space == "global":
            yield from self.memory.parts(address, size, what)
        elif space == "shared":
            outside = address + np.uint64(size) > self.kernel.shared_bytes
            if outside.any():
                raise Fault(f"{what} outside shared memory, at {address[outside][0]}")
            offset = address.astype(np.int64) + who.block * self.kernel.shared_bytes
            yield self.shared, np.arange(len(address)), offset
        else:
            raise Unsupported(f"memory space {space}")


def _split(operands):
    """Operands between commas."""
    return operands.split(",") if operands else []
