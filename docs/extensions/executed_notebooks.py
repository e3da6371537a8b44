"""The notebooks with their outputs, as pages that need no network."""

import importlib.util
import json
import re
from pathlib import Path

ICON_FONT = re.compile(r'<link rel="stylesheet"\s+href="https://[^"]*font-awesome[^"]*">')
ICONS = {
    "fa-minus": "\N{MINUS SIGN}",
    "fa-fast-backward": "\N{LEFTWARDS ARROW TO BAR}",
    "fa-step-backward": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    "fa-play fa-flip-horizontal": "\N{BLACK LEFT-POINTING TRIANGLE}",
    "fa-pause": "\N{DOUBLE VERTICAL LINE}",
    "fa-play": "\N{BLACK RIGHT-POINTING TRIANGLE}",
    "fa-step-forward": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    "fa-fast-forward": "\N{RIGHTWARDS ARROW TO BAR}",
    "fa-plus": "+",
}
PAGES = {"../SPEC.md": "../spec.md", "../CONFORMANCE.md": "../conformance.md", "../docs/": "../"}


def execute(app, config):
    """Run the notebooks when one of them is newer than its page."""
    source, pages = Path(app.srcdir).parent / "notebooks", Path(app.srcdir) / "notebooks"
    pages.mkdir(exist_ok=True)
    for page in pages.glob("*.ipynb"):
        if not (source / page.name).is_file():
            page.unlink()
    for notebook in source.glob("*.ipynb"):
        page = pages / notebook.name
        if not page.is_file() or page.stat().st_mtime < notebook.stat().st_mtime:
            _runner(source / "run.py").main(pages)
            return


def _runner(path):
    """The module that executes notebooks."""
    spec = importlib.util.spec_from_file_location("run_notebooks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepare(app, docname, source):
    """Change what Sphinx reads of a notebook: links, texts of pictures, animations."""
    if not docname.startswith("notebooks/") or not source[0].startswith("{"):
        return
    notebook, said = json.loads(source[0]), "a figure"
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for link, page in PAGES.items():
                text = text.replace(f"]({link}", f"]({page}")
            cell["source"] = text
            said = first_sentence(text) or said
            continue
        cell["metadata"]["mystnb"] = {"image": {"alt": f"Figure: {said}"}}
        for output in cell["outputs"]:
            page = output.get("data", {}).get("text/html")
            if page is not None:
                output["data"]["text/html"] = offline("".join(page), said)
    source[0] = json.dumps(notebook)


def first_sentence(text):
    """The first sentence of a Markdown cell in plain characters, without its headings."""
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "|", "-"))]
    plain = re.sub(r"[$`*\\]|\]\([^)]*\)|\[", "", " ".join(lines)).strip()
    return re.split(r"(?<=[.:])\s", plain)[0].rstrip(".:")


def offline(page, said):
    """An animation of matplotlib without the font that it would fetch for its buttons."""
    page = ICON_FONT.sub("", page)
    page = page.replace('<img id="_anim', f'<img alt="Animation: {said}" id="_anim')
    return re.sub(
        r'<i class="fa ([a-z -]+)"></i>', lambda icon: f"<i>{ICONS[icon[1].strip()]}</i>", page
    )


def setup(app):
    """Execute before Sphinx looks for pages, and prepare each as it is read."""
    app.connect("config-inited", execute)
    app.connect("source-read", prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
