"""Every case, into a folder: ``python -m benchmarks`` (10 minutes), ``--quick`` (1 minute).

``python -m benchmarks --out DIR`` says where; ``--compare OLD.json`` compares the run with an older
one; ``--readme README.md`` measures nothing and writes the table of benchmarks/results.json there.
"""

import sys
from pathlib import Path

from benchmarks import (
    distances,
    encoders,
    networks,
    neurons,
    report,
    run,
    scaling,
    signals,
    startup,
)

RESULTS = Path(__file__).resolve().parent / "results.json"


def main(argv=None):
    """Measure every case, or write the README's table."""
    given = sys.argv[1:] if argv is None else list(argv)
    if "--readme" in given:
        return write_readme(given[given.index("--readme") + 1 :])
    if "--out" not in " ".join(given):
        given += ["--out", "benchmarks-out"]
    parts = [startup.imports, encoders.cases, signals.cases, neurons.cases, networks.cases]
    parts += [distances.cases, scaling.cases]
    return run.main(parts, __doc__.splitlines()[0], given)


def write_readme(paths):
    """Put the table of the committed results between the README's markers."""
    readme = Path(paths[0] if paths else "README.md")
    section = report.readme_section(*report.load(RESULTS))
    readme.write_text(report.with_section(readme.read_text(), section))
    print(f"{readme} has the table of {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
