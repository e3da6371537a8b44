"""How Sphinx builds the documentation: ``python -m sphinx -W -b html docs docs/_build``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]
os.environ.setdefault("MPLBACKEND", "Agg")

from pygments.lexers import TextLexer  # noqa: E402

import spikecore  # noqa: E402

project = "spikecore"
author = "The spikecore developers"
copyright = "2026, The spikecore developers"
version = release = spikecore.__version__

extensions = [
    "api_pages",
    "executed_notebooks",
    "mathml",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "myst_nb",
]
exclude_patterns = ["_build", "extensions", "jupyter_execute", ".jupyter_cache"]
templates_path = ["_templates"]

autodoc_typehints = "none"  # the docstrings have shapes and dtypes too
autodoc_member_order = "bysource"
autosummary_generate = True
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # executed_notebooks runs them, where any warning is an error
nb_merge_streams = True

html_theme = "furo"
html_title = f"spikecore {release}"
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def close_blocks(app, docname, source):
    """Drop the empty line by which a doctest ends before its code block does."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def setup(app):
    """Teach Sphinx the one code block of SPEC.md that is in no language, and doctests."""
    app.add_lexer("stream", TextLexer)
    app.connect("source-read", close_blocks)
