"""Downloads that resume, are verified, and get their final name when they are complete."""

import hashlib
import os
from contextlib import contextmanager, suppress

ATTEMPTS = 5  # on each mirror; each resumes where the attempt before stopped
CHUNK = 1 << 16
LARGEST_FILE = 1 << 26  # MNIST's largest is 9.9 MB; a server that sends more is stopped here


class MirrorError(Exception):
    """A server does not send the requested file."""


def fetch(root, checksums, mirrors, progress):
    """Make sure that the folder holds the files, given by name with the checksum of each."""
    root.mkdir(parents=True, exist_ok=True)
    with _alone_in(root):
        for name, checksum in checksums.items():
            _provide(root, name, checksum, mirrors, progress)


@contextmanager
def _alone_in(folder):
    """Wait until no other process downloads into the folder, if the system can lock folders."""
    try:
        import fcntl
    except ImportError:  # Windows, which refuses to rename a file that another process writes
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems do not lock folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _provide(root, name, checksum, mirrors, progress):
    """Make sure that ``root`` holds the file: keep it, or resume or begin its download."""
    target, part = root / name, root / f"{name}.part"
    if target.is_file() and _digest(target, checksum) == checksum:
        return
    if not target.is_file() and target.with_suffix("").is_file():
        return  # unpacked by the user; its checksum is not known, its structure is checked later
    try:
        import requests
        import tqdm  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "mnist(download=True) needs requests and tqdm, which are not both installed; "
            "install them with pip install 'spikecore[data]'"
        ) from error
    reasons = []
    for mirror in mirrors:
        address = f"{mirror.rstrip('/')}/{name}"
        try:
            reason = _try_mirror(address, part, checksum, progress)
        except (requests.RequestException, MirrorError):
            raise
        except OSError as error:
            raise OSError(
                f"{part} could not be written ({error.strerror or error}); make room on the disk "
                "or choose another root, and call again to resume"
            ) from error
        if reason is None:
            os.replace(part, target)
            return
        reasons.append(reason)
    raise OSError(
        f"{name} could not be downloaded ({'; '.join(reasons)}); call again to resume, or fetch it "
        f"by other means into {str(root)!r}"
    )


def _try_mirror(address, part, checksum, progress):
    """Download into ``part``, and return None or the reason why this mirror is given up."""
    import requests
    from urllib3.exceptions import HTTPError

    for _ in range(ATTEMPTS):
        resumed = part.is_file()
        try:
            _transfer(address, part, progress)
        except requests.HTTPError as error:
            return str(error)
        except (requests.RequestException, HTTPError, MirrorError) as error:
            reason = f"{address}: {error}"
            continue
        found = _digest(part, checksum)
        if found == checksum:
            return None
        part.unlink()
        reason = f"{address}: checksum {found} in place of {checksum}"
        if not resumed:
            break
    return reason


def _digest(path, checksum):
    """The digest of a file, SHA-256 or MD5 as ``checksum`` is."""
    kind = "sha256" if len(checksum) == 64 else "md5"
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _transfer(address, part, progress):
    """Append the missing end of the file at ``address`` to ``part``, or write all of it."""
    import requests

    start = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(address, headers=headers, stream=True, timeout=(10, 60)) as response:
        if start and response.status_code == 416:  # part is complete, or of another file
            return
        response.raise_for_status()
        if response.status_code != 206:
            start = 0  # the server ignores ranges and sends the whole file
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise MirrorError("the server sent another range than the one asked for")
        if _store(response, part, start, progress) > LARGEST_FILE:
            part.unlink()
            raise MirrorError(f"the server sent more than {LARGEST_FILE} bytes")


def _store(response, part, start, progress):
    """Write the response's bytes from ``start`` on, and return the size of the file."""
    from tqdm import tqdm

    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else None
    bar = tqdm(
        total=total,
        initial=start,
        unit="B",
        unit_scale=True,
        desc=part.stem,
        disable=not progress,
    )
    received = start
    with open(part, "ab" if start else "wb") as file, bar:
        # Take the bytes as stored: some servers label a .gz file as gzip-encoded transport. A
        # connection that ends before the announced length raises here.
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            received += file.write(chunk)
            bar.update(len(chunk))
            if received > LARGEST_FILE:
                break
    return received
