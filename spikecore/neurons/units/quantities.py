"""Units of arguments, as annotations, and the fields of ``LIF`` that simulators share."""

from typing import Annotated, Any, Literal

Milliseconds = Annotated[float, "ms"]
Seconds = Annotated[float, "s"]
Steps = Annotated[float, "steps"]
PerSecond = Annotated[float, "1/s"]
Millivolts = Annotated[float, "mV"]
Picofarads = Annotated[float, "pF"]
Nanofarads = Annotated[float, "nF"]
Picoamperes = Annotated[float, "pA"]
Nanoamperes = Annotated[float, "nA"]
Unitless = Annotated[float, ""]
Flag = Annotated[bool, ""]
Input = Literal["spikes", "current"]
Method = Literal["exact", "euler"]

TO_VALUE = {"compare": ">", "reset": "value", "reset_at": "same"}
FROM_THRESHOLD_TO_VALUE = {**TO_VALUE, "compare": ">="}
SUBTRACT_ALL = {"compare": ">=", "reset": "subtract", "reset_at": "same", "spikes": "multi"}
JUMP_FIRST = {"synapse_order": "jump-decay-use"}


def frozen(steps: float) -> dict[str, Any]:
    """Hold the membrane for so many steps, if there are any."""
    return {"refractory": steps, "refractory_holds": "membrane"} if steps > 0 else {}


def driven(level: float) -> dict[str, Any]:
    """A constant current that would take the membrane from rest, where a run begins, to a level."""
    return {"leak": level, "initial": 0.0} if level else {}
