"""The reference: a page for each public name, found in the package and so never forgotten."""

import importlib
import inspect
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType

import spikecore

HEAD = """API reference
=============

Every public name. Neurons and ``profiles`` are imported from ``spikecore`` itself.

.. toctree::

"""


def modules():
    """The public modules, the package first."""
    yield spikecore
    for name in sorted(spikecore.__all__):
        if isinstance(getattr(spikecore, name), ModuleType):
            yield importlib.import_module(f"spikecore.{name}")
    for name in ("exact", "fixed"):
        yield importlib.import_module(f"spikecore.neurons.{name}")


def public(module):
    """The public functions, classes and constants of a module, but not its modules."""
    for name in sorted(module.__all__, key=str.lower):
        if not isinstance(getattr(module, name), ModuleType) and not name.startswith("__"):
            yield name


def names():
    """Every public name with its module, once: a neuron belongs to ``spikecore``."""
    seen = set()
    for module in modules():
        for name in public(module):
            key = id(getattr(module, name)), name
            if key not in seen:
                seen.add(key)
                yield module, name


def tables():
    """The name and text of each page: a table of contents, and a table of names for each module."""
    listed = {}
    for module, name in names():
        listed.setdefault(module, []).append(name)
    yield "index", HEAD + "".join(f"   module-{module.__name__}\n" for module in listed)
    for module, its_names in listed.items():
        title = module.__name__
        summary = module.__doc__.split("\n\n")[0]
        rows = "".join(f"   {module.__name__}.{name}\n" for name in its_names)
        yield (
            f"module-{title}",
            f"{title}\n{'=' * len(title)}\n\n{summary}\n\n"
            f".. autosummary::\n   :toctree: .\n   :nosignatures:\n\n{rows}",
        )


def write(app, config):
    """Write the tables, and remove pages of names that are gone; autosummary writes the others."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    wanted = dict(tables())
    kept = {*wanted, *(f"{module.__name__}.{name}" for module, name in names())}
    for page in folder.glob("*.rst"):
        if page.stem not in kept:
            page.unlink()
    for name, text in wanted.items():
        page = folder / f"{name}.rst"
        if not page.is_file() or page.read_text() != text:
            page.write_text(text)


def skip(app, what, name, value, is_skipped, options):
    """Leave out the fields of named tuples, which their docstrings describe."""
    return True if type(value).__name__ == "_tuplegetter" else None


def constructor(app, what, name, value, options, signature, returned):
    """The arguments of a dataclass; of a neuron, autodoc shows those of ``__new__``."""
    if what != "class" or not is_dataclass(value):
        return None
    own = inspect.signature(value)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in own.parameters.values()]
    return str(inspect.Signature(bare)), returned


def setup(app):
    """Write the reference before Sphinx looks for pages."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-signature", constructor)
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
