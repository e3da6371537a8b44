"""What the project says of itself in several files is the same everywhere."""

import configparser
import re
from importlib import import_module
from pathlib import Path

import spikecore

ROOT = Path(__file__).resolve().parents[1]


def setup():
    """The sections of setup.cfg."""
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string((ROOT / "setup.cfg").read_text())
    return parsed


def test_the_version_is_the_same_in_the_changelog_and_the_citation():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == spikecore.__version__
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == spikecore.__version__


def test_the_licence_of_the_citation_is_that_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text()
    licence = re.search(r"^license: (\S+)$", citation, re.MULTILINE)[1]
    assert licence == setup()["metadata"]["license"] == "MIT"


def test_the_console_script_names_a_function():
    scripts = setup()["options.entry_points"]["console_scripts"]
    name, module, function = re.fullmatch(r"\s*(\S+) = (\S+):(\S+)", scripts).groups()
    assert name == "spikecore"
    assert callable(getattr(import_module(module), function))


def test_files_that_an_install_holds_exist():
    documents = setup()["options.data_files"]["share/doc/spikecore"].split()
    assert {"SPEC.md", "CONFORMANCE.md"} <= set(documents)
    assert all((ROOT / name).is_file() for name in documents)
    for pattern in setup()["options.package_data"]["spikecore"].split():
        assert list((ROOT / "spikecore").glob(pattern)), pattern


def test_every_archive_of_data_is_installed_and_described():
    patterns = setup()["options.package_data"]["spikecore"].split()
    installed = {path for pattern in patterns for path in (ROOT / "spikecore").glob(pattern)}
    archives = set((ROOT / "spikecore" / "data").glob("*.npz"))
    assert archives <= installed
    described = (ROOT / "spikecore" / "data" / "README.md").read_text()
    named = set(re.findall(r"^`([\w-]+\.npz)` \((\d+) kB\)", described, re.MULTILINE))
    assert named == {(path.name, f"{path.stat().st_size / 1000:.0f}") for path in archives}
