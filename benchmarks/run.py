"""Choose cases, measure them one after another, print, save and compare: the command line."""

import argparse
from pathlib import Path
from typing import NamedTuple

from benchmarks import harness, machine, report


class Scale(NamedTuple):
    """How large the arrays are."""

    batch: int
    steps: int
    neurons: int
    largest: int  # powers of ten of the longest curve

    @property
    def quick(self):
        """Whether ratios mean nothing at this size."""
        return self.steps < FULL.steps


FULL = Scale(128, 100, 1000, 8)
QUICK = Scale(16, 20, 100, 4)


def main(parts, description, argv=None):
    """Measure the cases of the parts, functions of a scale that give builders of cases by name."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small arrays, few repeats")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds this")
    parser.add_argument("--repeats", type=int, help="timed calls of each function, at most")
    parser.add_argument("--seconds", type=float, help="of turns for each case, about")
    parser.add_argument("--out", type=Path, help="folder for results.json, results.md and plots")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="older results")
    parser.add_argument("--tolerance", type=float, default=report.TOLERANCE)
    arguments = parser.parse_args(argv)
    scale = QUICK if arguments.quick else FULL
    builders = {name: build for part in parts for name, build in part(scale).items()}
    builders = {name: build for name, build in builders.items() if arguments.only in name}
    described = machine.describe()
    print(*machine.lines(described), sep="\n", flush=True)
    if arguments.quick:
        print("quick run: small arrays and few repeats, so its ratios are not to be quoted")
    results = [
        harness.measure(
            name,
            build(),
            arguments.repeats or (3 if scale.quick else 21),
            arguments.seconds or (0.5 if scale.quick else 2),
            judge=not scale.quick,
        )
        for name, build in progress(builders.items(), len(builders))
    ]
    described["load after"] = machine.load()
    print(f"\nload after: {described['load after']}\n")
    print(report.render(results))
    if arguments.out:
        _write(arguments.out, described, results)
    passed = True
    if arguments.compare:
        lines, passed = report.compare(
            report.load(arguments.compare)[1], results, arguments.tolerance
        )
        print("", *lines, sep="\n")
    return 0 if passed and not any(one.refusal for one in results) else 1


def progress(items, total):
    """The items with a bar, or, without tqdm, a line for each."""
    try:
        from tqdm import tqdm
    except ImportError:
        for i, item in enumerate(items, 1):
            print(f"{i}/{total} {item[0]}", flush=True)
            yield item
        return
    with tqdm(total=total, unit="case") as bar:
        for item in items:
            bar.set_postfix_str(item[0])
            yield item
            bar.update()


def _write(folder, described, results):
    folder.mkdir(parents=True, exist_ok=True)
    report.save(folder / "results.json", described, results)
    (folder / "results.md").write_text(report.page(described, results))
    try:
        drawn = report.plot(folder, results)
    except ImportError:
        drawn = ["no pictures, since matplotlib is not installed"]
    print(f"\nwritten to {folder}: results.json, results.md, {', '.join(drawn)}")
