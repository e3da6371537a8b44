"""README.md and docs say of the code what is true, and link to files that exist."""

import inspect
import re
from pathlib import Path

import pytest

import spikecore
from spikecore import spikegen

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "guides").glob("*.md"))


def named(page):
    return page.relative_to(ROOT).as_posix()


def test_the_readme_has_two_install_commands_of_a_checkout():
    lines = (ROOT / "README.md").read_text().splitlines()
    commands = [line for line in lines if line.startswith("python -m pip install -e '")]
    assert [command.partition(" && ")[2] for command in commands] == [
        "python -m spikecore demo",
        "python -m pytest",
    ]


@pytest.mark.parametrize("name", ["README.md", "docs/guides/simulate.md"])
def test_every_profile_is_listed(name):
    text = (ROOT / name).read_text()
    assert [name for name in spikecore.profiles() if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" in link or "/api/" in link:  # pages of the reference are made by Sphinx
            continue
        assert (page.parent / link).is_file(), link


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_pictures_are_described(page):
    assert [text for text in re.findall(r"!\[(.*?)\]", page.read_text()) if len(text) < 20] == []


def rows():
    """The table of arguments in the guide: functions, and what each column says."""
    guide = (ROOT / "docs" / "guides" / "encode.md").read_text()
    table = guide.partition("## Which function takes what\n\n")[2].partition("\n\n")[0]
    head, _, *body = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    ]
    columns = [re.findall(r"`(\w+)`", cell) or ["stream"] for cell in head[1:]]
    for functions, *answers in body:
        for function in re.findall(r"`(\w+)`", functions):
            for arguments, answer in zip(columns, answers, strict=True):
                yield function, arguments, answer.startswith("yes")


@pytest.mark.parametrize(("function", "arguments", "taken"), list(rows()))
def test_the_guide_says_which_arguments_an_encoder_takes(function, arguments, taken):
    parameters = inspect.signature(getattr(spikegen, function)).parameters
    assert {argument in parameters for argument in arguments} == {taken}


def test_the_guide_speaks_of_every_random_encoder():
    random = {
        name
        for name in spikegen.__all__
        if "seed" in inspect.signature(getattr(spikegen, name)).parameters
    }
    assert random == {name for name, arguments, taken in rows() if "seed" in arguments and taken}
