"""Files that get their name only when they are whole, and those that come with the package."""

import os
import subprocess
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import numpy as np

__all__ = ["shipped", "whole"]


def shipped(name):
    """The arrays of a file inside the package, by their names."""
    with (
        (resources.files(__package__) / "data" / name).open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        return dict(archive)


@contextmanager
def whole(path):
    """Yield a path to write to; what was written there becomes ``path`` when the block ends.

    If the block raises, nothing new is left: a file that had the name before stays as it was. An
    ``OSError`` of the block (a full disk) is raised again with the name of the file, which writing
    by itself does not tell. Devices, pipes and links are written directly.

    Parameters
    ----------
    path : str or os.PathLike
        The file to write. Its folder must exist.

    Yields
    ------
    pathlib.Path
        A file in the same folder and with the same suffix.

    Raises
    ------
    OSError
        If the file cannot be written; ``filename`` is ``path``.

    Examples
    --------
    >>> import tempfile
    >>> from spikecore.files import whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(f"{folder}/report.txt") as part:
    ...         characters = part.write_text("passed")
    ...     (Path(folder) / "report.txt").read_text()
    'passed'
    """
    path = Path(path)
    direct = path.is_symlink() or (path.exists() and not path.is_file())
    part = path if direct else path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        if not direct:
            os.replace(part, path)
    except BaseException as error:
        if not direct:
            with suppress(OSError):
                part.unlink()
        if isinstance(error, subprocess.CalledProcessError):  # ffmpeg, for one, on a full disk
            raise OSError(0, f"the file could not be written ({error})", str(path)) from error
        if isinstance(error, OSError) and error.filename in (None, part, str(part)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
