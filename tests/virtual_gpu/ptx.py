"""Execute a PTX kernel, one instruction for all threads at a time.

Registers are arrays with an element per thread.  Threads that have branched away from each other
take turns, those furthest behind first, a basic block at a time.  A kernel is decoded when it is
loaded, and refused then if it holds anything but the few instructions that are known here.
"""

import math
import operator
import re

import numpy as np

from virtual_gpu.memory import Fault, Memory, Who

TYPES = {
    **{f"{kind}{8 * size}": np.dtype(f"{code}{size}")
       for kind, code in (("u", "u"), ("b", "u"), ("s", "i"), ("f", "f"))
       for size in (1, 2, 4, 8) if not (kind == "f" and size < 4)},
    "pred": np.dtype(bool),
}  # fmt: skip
PREDICATE, ADDRESS, COUNT = TYPES["pred"], TYPES["u64"], TYPES["u32"]
SHARED_BYTES = 48 << 10  # of a block, where the kernel asks for no more at its launch
READY, WAITING, DONE = range(3)


class Unsupported(Exception):  # noqa: N818
    """PTX that this machine does not know."""


# --- operations ---------------------------------------------------------------------------------


def _quotient(a, b):
    """Integer division that rounds to 0."""
    floor = a // b
    return floor + ((floor < 0) & (floor * b != a)).astype(a.dtype)


def _high(a, b):
    """The upper half of a product."""
    product = np.asarray(a.astype(object) * b.astype(object))  # integers of any size
    return np.asarray(product >> 8 * a.itemsize).astype(a.dtype)


def _wide(a, b):
    double = f"{a.dtype.kind}{2 * a.itemsize}"
    return a.astype(double) * b.astype(double)


def _left(a, amount):
    return np.where(amount < 8 * a.itemsize, a << amount.astype(a.dtype), a.dtype.type(0))


def _right(a, amount):
    """Of signed numbers, copies of the sign move in."""
    kept = np.minimum(amount, 8 * a.itemsize - 1).astype(a.dtype)
    lost = (amount >= 8 * a.itemsize) & (a.dtype.kind == "u")
    return np.where(lost, a.dtype.type(0), a >> kept)


def _larger(a, b):
    """Of floats, a number rather than NaN, and 0 rather than -0."""
    if a.dtype.kind != "f":
        return np.maximum(a, b)
    return np.where(a == b, np.where(np.signbit(a), b, a), np.fmax(a, b))


def _smaller(a, b):
    """Of floats, a number rather than NaN, and -0 rather than 0."""
    if a.dtype.kind != "f":
        return np.minimum(a, b)
    return np.where(a == b, np.where(np.signbit(a), a, b), np.fmin(a, b))


# By name: which types it takes, and the function.
OPERATIONS = {
    "mov": ("usbfp", lambda a: a),
    "cvta.to.global": ("u", lambda a: a),
    "add": ("usf", operator.add),
    "sub": ("usf", operator.sub),
    "mul": ("f", operator.mul),
    "add.rn": ("f", operator.add),
    "sub.rn": ("f", operator.sub),
    "mul.rn": ("f", operator.mul),
    "div.rn": ("f", operator.truediv),
    "rcp.rn": ("f", lambda a: a.dtype.type(1) / a),
    "mul.lo": ("us", operator.mul),
    "mul.hi": ("us", _high),
    "mul.wide": ("us", _wide),
    "mad.lo": ("us", lambda a, b, c: a * b + c),
    "div": ("us", _quotient),
    "rem": ("us", lambda a, b: a - _quotient(a, b) * b),
    "max": ("usf", _larger),
    "min": ("usf", _smaller),
    "neg": ("sf", operator.neg),
    "abs": ("sf", np.abs),
    "and": ("bp", operator.and_),
    "or": ("bp", operator.or_),
    "xor": ("bp", operator.xor),
    "not": ("bp", operator.invert),
    "shl": ("b", _left),
    "shr": ("bus", _right),
    "selp": ("usbf", lambda a, b, chosen: np.where(chosen, a, b)),
    "setp.eq": ("usbf", operator.eq),
    "setp.ne": ("usbf", lambda a, b: (a < b) | (a > b)),  # false for NaN, as all but those with u
    "setp.lt": ("usf", operator.lt),
    "setp.le": ("usf", operator.le),
    "setp.gt": ("usf", operator.gt),
    "setp.ge": ("usf", operator.ge),
    "setp.equ": ("f", lambda a, b: ~((a < b) | (a > b))),
    "setp.neu": ("f", operator.ne),
    "setp.ltu": ("f", lambda a, b: ~(a >= b)),
    "setp.leu": ("f", lambda a, b: ~(a > b)),
    "setp.gtu": ("f", lambda a, b: ~(a <= b)),
    "setp.geu": ("f", lambda a, b: ~(a < b)),
    "setp.num": ("f", lambda a, b: (a == a) & (b == b)),
    "setp.nan": ("f", lambda a, b: (a != a) | (b != b)),
}
UNARY = ("mov", "cvta.to.global", "neg", "abs", "not", "rcp.rn")
SPECIAL = {
    f"%{n}{prefix}.{axis}" for n in ("", "n") for prefix in ("tid", "ctaid") for axis in "xyz"
}
ROUNDING = {"rmi": np.floor, "rni": np.rint, "rzi": np.trunc, "rpi": np.ceil}


def _conversion(rounding, source, to):
    """The function of a ``cvt``, which has to name its rounding where it rounds."""
    whole = source.kind == "f" and (to.kind != "f" or to == source)
    rounds = to.kind == "f" and (source.kind != "f" or to.itemsize < source.itemsize)
    if rounding not in (ROUNDING if whole else ["rn" if rounds else ""]):
        raise Unsupported(f"cvt of {source} to {to} by {rounding!r}")
    if not whole:
        return lambda a: a.astype(to)
    if to == source:
        return ROUNDING[rounding]
    limits = np.iinfo(to)
    begin = source.type(limits.min)
    end = source.type(2.0 ** (limits.bits - (to.kind == "i")))  # the first that is too large
    nan = 1 << limits.bits - 1 if 8 in (source.itemsize, to.itemsize) else 0
    nan = np.array(nan, f"u{to.itemsize}").view(to)

    def saturated(a):
        a = ROUNDING[rounding](a)
        inside = np.where(a < begin, to.type(limits.min), a.astype(to))
        return np.where(a != a, nan, np.where(a >= end, to.type(limits.max), inside))

    return saturated


# --- reading the text ---------------------------------------------------------------------------


def _immediate(text, dtype):
    bits = 8 * dtype.itemsize
    if dtype.kind == "f":
        prefix = "0f" if bits == 32 else "0d"
        if re.fullmatch(f"{prefix}[0-9a-f]{{{bits // 4}}}", text.lower()) is None:
            raise ValueError(f"{text} is no f{bits}")
        return np.array(int(text[2:], 16), f"u{dtype.itemsize}").view(dtype)
    value = int(text, 0)
    if dtype == PREDICATE:
        return np.array(value != 0)
    if not -(2 ** (bits - 1)) <= value < 2**bits:
        raise ValueError(f"{text} has more than {bits} bits")
    return np.array(value % 2**bits, f"u{dtype.itemsize}").view(dtype)


class Kernel:
    """The one entry of a PTX module: ``code`` holds its lines, each with what it does to a launch.

    What it does returns true where it ends a basic block.
    """

    def __init__(self, ptx):
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", ptx, flags=re.S)
        entries = re.findall(r"\.entry\s+([\w$]+)\s*\((.*?)\)\s*\{(.*?)\n\}", text, re.S)
        if len(entries) != 1 or text.count(".entry") != 1:
            raise Unsupported("a module that is not one kernel")
        self.name, parameters, body = entries[0]
        self.parameters = {}
        for one in filter(None, map(str.strip, parameters.split(","))):
            match = re.fullmatch(r"\.param\s+\.(\w+)\s+([\w$]+)", one)
            if match is None or match[1] not in TYPES:
                raise Unsupported(one)
            self.parameters[match[2]] = TYPES[match[1]]
        shared = r"\.shared\s+\.align\s+\d+\s+\.b8\s+([\w$]+)\[(\d+)\]"
        self.shared = {name: int(size) for name, size in re.findall(shared, text)}
        if sum(self.shared.values()) > SHARED_BYTES:
            raise Unsupported(f"more than {SHARED_BYTES} bytes of shared memory")
        self._read(body)

    def _read(self, body):
        self._registers, self._labels, lines = {}, {}, []
        for statement in body.split(";"):
            while label := re.match(r"\s*([\w$]+):(?!:)", statement):
                self._labels[label[1]] = len(lines)
                statement = statement[label.end() :]
            line = " ".join(statement.split())
            if match := re.fullmatch(r"\.reg \.(\w+) (%[a-z]+)<(\d+)>", line):
                self._registers[match[2]] = TYPES[match[1]], int(match[3])
            elif line and not line.startswith((".pragma", ".shared")):
                lines.append(line)
        self.leaders = set(self._labels.values())
        self.code = []
        for line in lines:
            try:
                self.code.append((line, self._decoded(line)))
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise Unsupported(f"{line} ({error!r})") from error

    def _decoded(self, line):
        """What an instruction does, as a function of a launch."""
        match = re.fullmatch(r"(?:@(!?)(%\w+) )?([a-z][\w.:]*)(?: (.*))?", line)
        if match is None:
            raise Unsupported(line)
        negated, guard, name, operands = match.groups()
        operands = [one.strip() for one in operands.split(",")] if operands else []
        if name in ("bra", "bra.uni", "ret"):
            return self._jump(name, guard, negated == "!", *operands)
        if guard is not None:
            raise Unsupported(line)
        if name == "bar.sync":
            if operands != ["0"]:
                raise Unsupported(line)
            return lambda launch: launch.leave(launch.chosen, status=WAITING)
        name, *modifiers, kind = name.split(".")
        if name in ("ld", "st"):
            return self._access(name, *modifiers, TYPES[kind], *operands)
        if name == "cvt":
            *rounding, to = modifiers
            return self._convert(".".join(rounding), TYPES[kind], TYPES[to], *operands)
        return self._operation(".".join([name, *modifiers]), kind, *operands)

    # operands

    def _register(self, text):
        """Type of a register."""
        match = re.fullmatch(r"(%[a-z]+)(\d+)", text)
        dtype, count = self._registers[match[1] if match else text]
        if int(match[2]) >= count:
            raise Unsupported(f"{text} is not declared")
        return dtype

    def _source(self, text, dtype, wider=False):
        """A function of a launch that gives an operand; a wider register gives its low bits."""
        if text in self.shared and dtype == ADDRESS:
            return lambda launch: launch.bases[text]
        if text in SPECIAL and dtype == COUNT:
            return lambda launch: launch.special[text]
        if not text.startswith("%"):
            value = _immediate(text, dtype)
            return lambda launch: value
        own = self._register(text)
        _check_size(text, own, dtype, wider)
        if own.itemsize == dtype.itemsize:
            return lambda launch: launch.registers[text].view(dtype)
        low = f"u{dtype.itemsize}"
        return lambda launch: launch.registers[text].astype(low).view(dtype)

    def _target(self, text, dtype, wider=False):
        """A function of a launch and a value that sets a register of the active threads.

        A narrower value is extended by its own sign.
        """
        own = self._register(text)
        _check_size(text, own, dtype, wider)
        full = own if own.itemsize > dtype.itemsize else dtype

        def put(launch, value):
            value = np.asarray(value, dtype).astype(full, copy=False).view(own)
            held = launch.registers.get(text)
            if held is None:
                held = launch.registers[text] = np.zeros(launch.threads, own)
            np.copyto(held, value, where=launch.active)

        return put

    # instructions

    def _jump(self, name, guard, negated, label=None):
        self.leaders.add(len(self.code) + 1)
        condition = self._source(guard, PREDICATE) if guard else None
        place = None if name == "ret" else self._labels[label]

        def act(launch):
            taken = launch.chosen
            if condition is not None:
                taken = taken[condition(launch)[taken] != negated]
            if place is None:
                return launch.leave(taken, status=DONE)
            return launch.leave(taken, place)

        return act

    def _convert(self, rounding, kind, to, target, source):
        convert = _conversion(rounding, kind, to)
        put, value = self._target(target, to, True), self._source(source, kind, True)
        return lambda launch: put(launch, convert(value(launch)))

    def _operation(self, name, kind, target, *sources):
        letters, function = OPERATIONS[name]
        dtype = TYPES[kind]
        if kind[0] not in letters:
            raise Unsupported(f"{name}.{kind}")
        of, to = [dtype] * len(sources), dtype
        if name == "selp":
            of[2] = PREDICATE
        elif name in ("shl", "shr"):
            of[1] = COUNT
        elif name.startswith("setp"):
            to = PREDICATE
        elif name == "mul.wide":
            to = np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")
        if len(sources) != (1 if name in UNARY else 3 if name in ("selp", "mad.lo") else 2):
            raise Unsupported("another number of operands")
        put = self._target(target, to)
        operands = [self._source(one, its) for one, its in zip(sources, of, strict=True)]

        def act(launch):
            values = [value(launch) for value in operands]
            if name in ("div", "rem") and not launch.chosen_of(values[1]).all():
                raise Fault("a division by 0, whose result PTX leaves open")
            put(launch, function(*values))

        return act

    def _access(self, name, space, kind, *operands):
        place, register = operands if name == "st" else operands[::-1]
        base, offset = re.fullmatch(r"\[([^+\]]+)(?:\+(-?\d+))?\]", place).groups()
        if space == "param" and name == "ld" and offset is None and self.parameters[base] == kind:
            put = self._target(register, kind, True)
            return lambda launch: put(launch, launch.arguments[base])
        if space not in ("global", "shared"):
            raise Unsupported(f"{name}.{space}")
        base, offset = self._source(base, ADDRESS), np.uint64(int(offset or 0) % 2**64)
        if name == "ld":
            put = self._target(register, kind, True)

            def act(launch):
                values = np.zeros(launch.threads, kind)
                address = launch.chosen_of(base(launch)) + offset
                for held, places, who in launch.parts(space, address, kind.itemsize):
                    values[who.thread] = held.load(places, kind, who)
                put(launch, values)
        else:
            value = self._source(register, kind, True)

            def act(launch):
                values = np.broadcast_to(value(launch), launch.threads)
                address = launch.chosen_of(base(launch)) + offset
                for held, places, who in launch.parts(space, address, kind.itemsize):
                    held.store(places, values[who.thread], who)

        return act

    def run(self, memory, grid, block, arguments):
        """Execute the kernel for a whole grid."""
        memory.begin_launch()
        with np.errstate(all="ignore"):  # a card raises nothing
            Launch(self, memory, grid, block, arguments).run()


def _check_size(text, own, dtype, wider):
    """Instructions take registers of their own size; some take wider ones of integers too."""
    if PREDICATE in (own, dtype) or "f" in (own.kind, dtype.kind) or not wider:
        fits = own.itemsize == dtype.itemsize and (own == PREDICATE) == (dtype == PREDICATE)
    else:
        fits = own.itemsize >= dtype.itemsize
    if not fits:
        raise Unsupported(f"{text} is no {dtype}")


class Launch:
    """One execution: the registers of all threads, and where each thread stands."""

    def __init__(self, kernel, memory, grid, block, arguments):
        self.kernel, self.memory = kernel, memory
        self.arguments = {n: np.array(arguments[n], t) for n, t in kernel.parameters.items()}
        per_block, blocks = math.prod(block), math.prod(grid)
        self.threads = per_block * blocks
        self.block, thread = np.divmod(np.arange(self.threads), per_block)
        self.epoch = np.zeros(blocks, np.int64)  # barriers that each block has passed
        self.special = {}
        for prefix, flat, sizes in (("tid", thread, block), ("ctaid", self.block, grid)):
            for axis, size in zip("xyz", sizes, strict=True):
                self.special[f"%{prefix}.{axis}"] = (flat % size).astype(COUNT)
                self.special[f"%n{prefix}.{axis}"] = np.array(size, COUNT)
                flat = flat // size
        self.registers = {}
        self.shared = Memory(SHARED_BYTES, 1 << 32)  # away from the global memory
        self.bases = {
            name: np.array(self.shared.allocate(size, blocks), ADDRESS)
            for name, size in kernel.shared.items()
        }
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
        waiting = self.status == WAITING
        blocks, _ = np.unique([self.block[waiting], self.pc[waiting]], axis=1)
        if (np.diff(blocks) == 0).any():
            raise Fault(f"{self.kernel.name}: one block waits at several barriers")
        if np.isin(self.block[~waiting], blocks).any():
            raise Fault(
                f"{self.kernel.name}: a block waits at a barrier for threads that have ended"
            )
        self.epoch[blocks] += 1
        self.status[waiting] = READY

    def _run_block(self, at, active):
        """A basic block, for the active threads."""
        self.active = True if active.all() else active
        self.chosen = np.flatnonzero(active)
        self.following = at
        left = False
        while not left:
            line, act = self.kernel.code[self.following]
            self.following += 1
            try:
                left = act(self)
            except Fault as fault:
                raise Fault(f"{self.kernel.name}: {line}: {fault}") from None
            except KeyError as error:
                raise Fault(f"{self.kernel.name}: {line}: nothing has set {error}") from None
            if not left and self.following in self.kernel.leaders:
                left = self.leave(self.chosen)

    def leave(self, threads, place=None, status=READY):
        """End a basic block: so many of the active threads go elsewhere or change their state."""
        self.pc[self.chosen] = self.following
        if place is not None:
            self.pc[threads] = place
        self.status[threads] = status
        return True

    def chosen_of(self, value):
        """The active threads' elements."""
        return np.broadcast_to(value, self.threads)[self.chosen]

    def parts(self, space, address, size):
        """For addresses of the active threads: allocations, places in them, and whose they are."""
        memory = self.memory if space == "global" else self.shared
        for held, some, offset in memory.parts(address, size):
            threads = self.chosen[some]
            block = self.block[threads]
            if space == "shared":
                offset = offset + block * held.stride
            yield held, offset, Who(threads, block, self.epoch[block])
