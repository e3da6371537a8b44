"""Run mypy and pyright on a user's files: ``python tests/typed/check.py``.

They must report the lines of ``wrong.py`` that are marked E, and no other line there or in
``user.py``.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = [HERE / name for name in ("user.py", "wrong.py")]
MARK = "# E"


def marked(path):
    """The numbers of the lines on which an error must be reported."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}


def output_of(*command):
    """What a checker prints."""
    done = subprocess.run(
        [sys.executable, "-m", *command, *map(str, FILES)],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):  # it could not check
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def mypy():
    """Path, line and message of each error that mypy reports."""
    for line in output_of(
        "mypy", "--strict", "--follow-imports=silent", "--output=json"
    ).splitlines():
        found = json.loads(line)
        if found["severity"] == "error":
            yield Path(found["file"]).resolve(), found["line"], found["message"]


def pyright():
    """Path, line and message of each error that pyright reports."""
    output = output_of("pyright", "--pythonpath", sys.executable, "--outputjson")
    for found in json.loads(output)["generalDiagnostics"]:
        if found["severity"] == "error":
            line = found["range"]["start"]["line"] + 1
            yield Path(found["file"]).resolve(), line, found["message"]


def mistakes(checker):
    """A sentence for each line that a checker reports and should not, or does not and should."""
    reported = {(path, line): message for path, line, message in checker()}
    expected = {(path, line) for path in FILES for line in marked(path)}
    for path, line in sorted(reported.keys() - expected):
        message = reported[path, line]
        yield f"{path.name}:{line}: {checker.__name__} reports a correct line: {message}"
    for path, line in sorted(expected - reported.keys()):
        yield f"{path.name}:{line}: {checker.__name__} reports nothing"


def main():
    """Print every mistake; 1 if there is one."""
    found = [sentence for checker in (mypy, pyright) for sentence in mistakes(checker)]
    print(*(found or ["mypy and pyright report the marked lines only"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
