"""What the loops are given: the equations of a code, as functions marked ``equation``.

A backend has one loop of each kind, which indexes and calls; a code says what is computed.  Every
equation holds for arrays (``numpy``), for scalars and inside kernels (``cpu``, ``cuda``), and takes
the code's numbers as one NamedTuple of scalars.
"""

from typing import Any, NamedTuple


class Draw(NamedTuple):
    """Random words decide: each step of each element has a 32-bit word of its own.

    Attributes
    ----------
    prepare : equation
        ``prepare(x, numbers)``: what the words of a feature are compared with, a uint64.
    fires : equation
        ``fires(word, held, left)``: whether there is a spike, and what is held after the step;
        ``left`` is the number of steps to the end of the output, this one included.
    carried : bool
        What is held goes from step to step; otherwise ``fires`` returns it as it was.
    """

    prepare: Any
    fires: Any
    carried: bool = False


class Place(NamedTuple):
    """The steps of an element's spikes are known before the first of them.

    Attributes
    ----------
    prepare : equation
        ``prepare(x, shared, numbers)``: where the spikes of a feature are, as an int32; ``shared``
        is the number of the feature's sample.
    emit : equation
        ``emit(step, place, on, off)``: what is written at a step, an int32.
    """

    prepare: Any
    emit: Any


class Scan(NamedTuple):
    """A state goes through time.

    Attributes
    ----------
    step : equation
        ``step(state, x, numbers)``: the state after a sample, and its signed count of spikes.
    emit : equation
        ``emit(count, levels)``: what is written for a count.
    recall : equation or None
        ``recall(x)``: the state after a sample, where that sample alone determines it.  Nothing is
        then stored from step to step, and a GPU begins anywhere in time.  Without it the loop
        updates the state in place, and one thread takes all steps of an element.
    """

    step: Any
    emit: Any
    recall: Any = None
