"""Run the notebooks from top to bottom; an error, a warning or anything on stderr fails the run.

``python notebooks/run.py [FOLDER]`` leaves the notebooks as they are; with a folder, it writes them
there with their outputs.
"""

import os
import sys
import time
from pathlib import Path

import nbclient
import nbformat

HERE = Path(__file__).resolve().parent
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("default", module="ipykernel")  # the kernel's own, as it shuts down
"""


def execute(path):
    """The notebook with its outputs; raises what a cell raises."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(HERE)}}
    ).execute()
    del notebook.cells[0]
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise RuntimeError(f"{path.name}, cell {cell.id}: {output.text}")
    return notebook


def main(folder=None):
    """Run every notebook beside this file."""
    # The kernel imports the spikecore that lies beside the notebooks, installed or not.
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *([others] if others else [])])
    for path in sorted(HERE.glob("*.ipynb")):
        begin = time.perf_counter()
        notebook = execute(path)
        print(f"{path.name}: {time.perf_counter() - begin:.1f} s", flush=True)
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, Path(folder) / path.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
