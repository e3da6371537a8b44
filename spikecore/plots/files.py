"""Files that appear under their name only when they are whole."""

import os
import secrets
import subprocess
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path):
    """Yield a name beside ``path`` to write to; after the block the file takes its final name.

    If the block fails, ``path`` stays as it was and nothing is left beside it. What the system
    refuses, a full disk for example, becomes an ``OSError`` with ``path`` as its file name.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    part = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(
            getattr(error, "errno", None) or 0,
            f"the file could not be written ({reason}); free space or choose another folder",
            str(path),
        ) from error
    finally:
        part.unlink(missing_ok=True)
