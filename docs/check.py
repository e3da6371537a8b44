"""Check the built pages: ``python docs/check.py docs/_build``.

They must need no network, describe every picture, link to places that exist, and document every
public name.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
LOADED_BY_LINK = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}


class Page(HTMLParser):
    """What one page loads, shows and links to."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.faults = path, set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        address = given.get(LOADED.get(tag)) or ""
        if tag == "link" and LOADED_BY_LINK & set((given.get("rel") or "").split()):
            address = given.get("href") or ""
        if urlsplit(address).netloc:
            self.faults.append(f"loads {address}")
        if tag == "img" and not (given.get("alt") or "").strip():
            self.faults.append(f"has no text for the picture {(given.get('src') or '')[:60]}")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])


def dead_links(page, pages):
    """Links of a page to files or headings that are not there."""
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        anchor = unquote(parts.fragment)
        if not target.exists():
            yield f"links to {link}, which does not exist"
        elif anchor and target in pages and anchor not in pages[target].ids:
            yield f"links to {link}, a heading that does not exist"


def undocumented(build):
    """Public names without a page."""
    sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]
    from api_pages import names

    for module, name in names():
        page = build / "api" / f"{module.__name__}.{name}.html"
        if not page.is_file() or f'id="{module.__name__}.{name}"' not in page.read_text():
            yield f"{module.__name__}.{name} is not documented"


def remote_styles(build):
    """Style sheets that load something from elsewhere."""
    for path in build.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        if any(start in text for start in ("url(http", "url(//", 'url("http', '@import "http')):
            yield f"{path.relative_to(build)} loads something from elsewhere"


def main(build):
    """Print what is wrong; the exit status is 1 when something is."""
    build = Path(build).resolve()
    pages = {path: Page(path) for path in sorted(build.rglob("*.html"))}
    faults = [*undocumented(build), *remote_styles(build)]
    for path, page in pages.items():
        found = [*page.faults, *dead_links(page, pages)]
        faults += [f"{path.relative_to(build)} {fault}" for fault in found]
    print("\n".join(faults) or f"{len(pages)} pages are in order")
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
