"""Conformance vectors: what they kill, what they look like as files, and how results are judged."""

import json
import re
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from conftest import known_philox
from plain import mutants

from spikecore import LIF
from spikecore.validate import files, results, vectors
from spikecore.validate.subject import reproduces

MUTANTS = mutants.catalogue()


@pytest.fixture(scope="module")
def outcomes():
    return [mutants.outcome(mutant) for mutant in MUTANTS]


# --- what they kill ------------------------------------------------------------------------------


@pytest.mark.parametrize("group", mutants.GROUPS)
def test_a_plain_implementation_without_mistakes_gives_every_vector(group):
    ran = list(mutants.outputs(mutants.Mutant(group, None)))
    assert ran
    for vector, observed in ran:
        assert reproduces(observed, vector.observed), vector.name


def test_every_mutant_is_killed(outcomes):
    assert len(outcomes) >= 100
    assert [outcome for outcome in outcomes if not outcome.killers] == []


def test_the_cause_is_named_first_for_nearly_every_mutant(outcomes):
    misnamed = [outcome for outcome in outcomes if outcome.causes[:1] != (outcome.name,)]
    assert len(misnamed) <= 0.05 * len(outcomes), misnamed


def test_every_vector_kills_something(outcomes):
    killers = {name for outcome in outcomes for name in outcome.killers}
    assert {vector.name for vector in vectors.every()} <= killers


def test_the_catalogue_covers_what_it_says():
    names = {mutant.name for mutant in MUTANTS}
    assert {"fused", "float64", "stale", "late", "early", "sample-leak", "transposed"} <= names
    axes = {"compare", "reset_at", "reset", "decay_reset", "drop_input", "inhibition", "spikes"}
    axes |= {"rounding", "overflow", "synapse_overflow", "bits", "product_bits", "decay_at"}
    axes |= {"report_spike", "lower", "reset_value", "leak", "gain", "decay", "threshold"}
    assert axes <= {re.split("[=+*-]", name)[0] for name in names}


def test_the_matrix_counts_what_was_killed(outcomes):
    few = [outcome for outcome in outcomes if outcome.name in ("fused", "half-up", "24-bit")]
    text = vectors.matrix(few)
    assert text.endswith("3 of 3 mistakes killed, 3 named first")
    row = next(line for line in text.splitlines() if line.strip().startswith("half-up"))
    (half_up,) = (outcome for outcome in few if outcome.name == "half-up")
    assert row.split()[1].count("x") == len(half_up.killers)


def test_every_cause_and_every_group_has_its_row(outcomes):
    found = list(vectors.outcomes())
    assert {outcome.group for outcome in found} == set(mutants.GROUPS)
    for group in mutants.GROUPS:
        known = {outcome.name for outcome in found if outcome.group == group}
        named = {o.causes[0] for o in outcomes if o.group == group and o.causes}
        assert {name for name in named if " + " not in name} <= known
    killers = {name for outcome in found for name in outcome.killers}
    assert {vector.name for vector in vectors.every()} <= killers


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors") / "made" / "anew"
    files.write(folder)
    return folder


@pytest.fixture
def copied(written, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(written, folder)
    return folder


def test_the_manifest_names_every_file_with_its_sum(written):
    manifest = json.loads((written / "manifest.json").read_text())
    names = {path.name for path in written.iterdir()}
    assert names == {*manifest["sha256"], "manifest.json", "SHA256SUMS"}
    for name, value in manifest["sha256"].items():
        assert files.digest(written / name) == value
    lines = (written / "SHA256SUMS").read_text().splitlines()
    assert {tuple(line.split("  ")) for line in lines} == {
        (files.digest(written / name), name) for name in names - {"SHA256SUMS"}
    }


def test_the_folder_explains_itself(written):
    text = (written / "README.md").read_text()
    assert "python -m spikecore check" in text and "$readmemh" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_known_answers_of_the_generator_stand_beside_the_vectors(written):
    rows = [line.split() for line in (written / "philox.txt").read_text().splitlines()[2:]]
    known = [[int(word, 16) for word in row] for row in rows]
    assert known == [counter + key + answer for counter, key, answer in known_philox()]


def test_writing_twice_gives_the_same_vectors(written, tmp_path):
    files.write(tmp_path)
    for name in ("lif-snntorch.membrane.hex", "delta-off.inputs.hex"):
        assert (written / name).read_bytes() == (tmp_path / name).read_bytes()


def test_every_vector_is_read_as_it_was(written):
    stored = files.read(written)
    assert [vector.name for vector in stored] == [vector.name for vector in vectors.every()]
    for known, vector in zip(stored, vectors.every(), strict=True):
        assert reproduces(known.observed, vector.observed)
        np.testing.assert_array_equal(known.trial.inputs, vector.trial.inputs, strict=True)


def test_hexadecimal_is_the_bits_time_first():
    text = files.hexadecimal("x", np.array([[1, -2], [0.5, 0]], np.float32))
    assert text == "// x float32 2x2\n3f800000 c0000000\n3f000000 00000000\n"
    assert files.hexadecimal("s", np.array([1, -1], np.int8)) == "// s int8 2\n01\nff\n"


def test_binary_is_twos_complement_of_the_bits_of_a_register(tmp_path):
    array = np.array([[1, -2, 0], [3, 7, -8]], np.int32)
    text = files.binary("v", array, 4)
    assert text == "// v 4 bits 2x3\n0001 1110 0000\n0011 0111 1000\n"
    (tmp_path / "v.bin").write_text(text)
    np.testing.assert_array_equal(files.read_text(tmp_path / "v.bin", array), array, strict=True)
    (tmp_path / "v.bin").write_text("1 0 1 1 0 2")
    with pytest.raises(files.FileError, match="not a binary number"):
        files.read_text(tmp_path / "v.bin", array)


def test_numbers_of_hardware_stand_in_binary_too(written):
    """Spikes of one bit, and the membranes with the end of the register that Lava keeps."""
    known = {vector.name: vector for vector in vectors.every()}
    for name, bits in (("fixed-tinyodin", 12), ("fixed-loihi", 24), ("fixed-loihi-ternary", 24)):
        arrays = files.arrays_of(known[name])
        for array, width in files.widths(known[name]).items():
            text = (written / f"{name}.{array}.bin").read_text()
            assert {len(word) for word in text.split("\n", 1)[1].split()} == {width}
            read = files.read_text(written / f"{name}.{array}.bin", arrays[array])
            np.testing.assert_array_equal(read, arrays[array], strict=True)
        assert files.widths(known[name])["membrane"] == bits
    assert files.widths(known["fixed-loihi"])["synapse"] == 25
    assert files.widths(known["lif-snntorch"]) == {}
    assert not (written / "lif-snntorch.inputs.bin").exists()


@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".hex", ".txt"])
def test_text_is_read_as_it_was_written(tmp_path, dtype, suffix):
    array = np.array([[1, -2, 0], [3, 4, -5]], dtype)
    path = tmp_path / f"one{suffix}"
    decimal = "// one\n" + " ".join(str(value) for value in array.reshape(-1))
    path.write_text(files.hexadecimal("one", array) if suffix == ".hex" else decimal)
    np.testing.assert_array_equal(files.read_text(path, array), array, strict=True)


def test_the_parameters_are_flat_text_too(written):
    for entry in json.loads((written / "manifest.json").read_text())["vectors"]:
        text = (written / f"{entry['name']}.parameters.txt").read_text()
        lines = dict(line.split(" = ") for line in text.splitlines())
        assert lines.pop("call") == entry["call"]
        for name, value in entry["parameters"].items():
            told = lines.pop(name)
            if isinstance(value, list):
                assert [
                    type(number)(word) for number, word in zip(value, told.split(), strict=True)
                ] == value
            elif value is None or isinstance(value, bool):
                assert told == {None: "none", True: "true", False: "false"}[value]
            else:
                assert type(value)(told) == value
        steps, *shape = entry["arrays"]["inputs"]["shape"]
        assert int(lines.pop("inputs.steps")) == steps
        assert int(lines.pop("inputs.elements")) == np.prod(shape, dtype=int)
        for name, array in entry["arrays"].items():
            assert lines.pop(f"{name}.dtype") == array["dtype"]
            assert [int(size) for size in lines.pop(f"{name}.shape").split("x")] == array["shape"]
        assert lines == {}


# --- examples in other languages -----------------------------------------------------------------

EXAMPLES = {
    "lif.c": ("cc", ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "lif"], ["-lm"]),
    "lif.v": ("iverilog", ["-Wall", "-o", "lif"], []),
    "fixed.v": ("iverilog", ["-Wall", "-g2001", "-o", "lif"], []),
}
SMALL = ["-Pfixed_test.BITS=16", "-Pfixed_test.PRODUCT_BITS=22"]  # of fixed-q-format-small


def run_example(source, names, vectors_folder, results_folder, more=()):
    """Compile an example beside the results and run the vectors; nothing without a compiler.

    ``test_which_examples_are_run`` prints what a machine without a compiler leaves out.
    """
    compiler, options, libraries = EXAMPLES[source]
    options = [*more, *options]
    if shutil.which(compiler) is None:
        return False

    def run(*words):
        done = subprocess.run(
            [str(word) for word in words], cwd=results_folder, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout

    run(compiler, *options, vectors_folder / source, *libraries)
    if source == "lif.c":
        files_of = [vectors_folder / f"{name}.parameters.txt" for name in names]
        run("./lif", vectors_folder, results_folder, *files_of)
        return True
    for name in names:
        words = (f"+vectors={vectors_folder}", f"+results={results_folder}", f"+name={name}")
        printed = run("vvp", "lif", *words)
        ending = "bin" if source == "fixed.v" else "hex"
        wrote = (results_folder / f"{name}.spikes.{ending}").exists()
        assert wrote or f"{name} has axes that this neuron lacks" in printed
    return True


@pytest.mark.parametrize(("source", "least"), [("lif.c", 23), ("lif.v", 15)])
def test_an_example_beside_the_vectors_gives_their_bits(written, tmp_path, source, least):
    text = (written / source).read_text()
    assert all(word in text for word in (".parameters.txt", ".inputs.hex", ".spikes.hex"))
    assert max(map(len, text.splitlines())) <= 100
    assert source in (written / "README.md").read_text()
    names = [vector.name for vector in vectors.every() if vector.group == "neuron"]
    assert len(names) == 23
    if run_example(source, names, written, tmp_path):
        report = results.check(written, tmp_path, strict=True)
        assert report.verdict == "exact", str(report)
        assert len(report.checks) == least


@pytest.mark.parametrize("source", EXAMPLES)
def test_an_example_with_a_mistake_is_found_out(written, tmp_path, source):
    wrong = tmp_path / "wrong"
    shutil.copytree(written, wrong)
    text = (wrong / source).read_text()
    places = ("v > p->threshold", "membrane > threshold", "spike = membrane >= threshold")
    assert sum(map(text.count, places)) == 1
    text = text.replace("v > p->threshold", "v >= p->threshold")
    text = text.replace("spike = membrane >= threshold", "spike = membrane > threshold")
    if source == "lif.v":
        text = text.replace("membrane > threshold", "membrane >= threshold")
    (wrong / source).write_text(text)
    (tmp_path / "results").mkdir()
    name = "fixed-q-format" if source == "fixed.v" else "lif-snntorch"
    if run_example(source, [name], wrong, tmp_path / "results"):
        report = results.check(written, tmp_path / "results")
        assert report.causes[0] == ("compare=>" if source == "fixed.v" else "compare=>=")


def test_the_q_format_neuron_gives_the_bits_of_both_widths(written, tmp_path):
    text = (written / "fixed.v").read_text()
    assert max(map(len, text.splitlines())) <= 100
    assert all(option in text for option in SMALL)
    assert "fixed.v" in (written / "README.md").read_text()
    names = [vector.name for vector in vectors.every() if vector.group == "fixed neuron"]
    for more, ran in (((), "fixed-q-format"), (SMALL, "fixed-q-format-small")):
        folder = tmp_path / ran
        folder.mkdir()
        if run_example("fixed.v", names, written, folder, more):
            report = results.check(written, folder, strict=True)
            assert report.verdict == "exact", str(report)
            assert [check.name for check in report.checks] == [ran, f"{ran}-ends"]


@pytest.mark.parametrize(
    ("right", "wrong", "cause"),
    [
        ("product >>> DECAY_BITS", "$signed(product + (product[PRODUCT_BITS-1] ? 127 : 0)) >>> 7",
         "rounding=zero"),
        ("{1'b0, decay}", "{1'b0, decay} + 1", "decay+1"),
        ("product >>> DECAY_BITS", "product >>> (DECAY_BITS + 1)", "decay_bits+1"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_q_format_neuron_is_named(written, tmp_path, right, wrong, cause):
    folder, ran = tmp_path / "wrong", tmp_path / "results"
    shutil.copytree(written, folder)
    ran.mkdir()
    text = (folder / "fixed.v").read_text()
    assert text.count(right) == 1
    (folder / "fixed.v").write_text(text.replace(right, wrong))
    if run_example("fixed.v", ["fixed-q-format"], folder, ran):
        assert results.check(written, ran).causes[0] == cause


def test_which_examples_are_run(capsys):
    """A machine without a compiler runs the other tests, and says which examples it left out."""
    found = {name: compiler for name, (compiler, *_) in EXAMPLES.items() if shutil.which(compiler)}
    missing = {name: compiler for name, (compiler, *_) in EXAMPLES.items() if name not in found}
    with capsys.disabled():
        print(f"\n{len(found)} of {len(EXAMPLES)} examples in other languages are run")
        for name, compiler in missing.items():
            print(f"  {name} is left out: {compiler} is not installed")
    assert {**found, **missing}.keys() == EXAMPLES.keys()


# --- judging -------------------------------------------------------------------------------------


def store(folder, mutant, suffix=".npz", only=lambda name: True):
    """The results of one mutant."""
    folder.mkdir(exist_ok=True)
    for vector, observed in mutants.outputs(mutant):
        if not only(vector.name):
            continue
        arrays = {"spikes": observed.spikes}
        if observed.membrane is not None:
            arrays["membrane"] = observed.membrane
        if suffix == ".npz":
            np.savez(folder / f"{vector.name}.npz", **arrays)
            continue
        wanted = files.arrays_of(vector)
        for name, array in arrays.items():
            text = files.hexadecimal(name, np.asarray(array).astype(wanted[name].dtype))
            (folder / f"{vector.name}.{name}.hex").write_text(text)
    return folder


def test_the_vectors_conform_to_themselves(written):
    report = results.check(written, written, strict=True)
    assert report.verdict == "exact"
    assert len(report.checks) == len(vectors.every())


@pytest.mark.parametrize("suffix", [".npz", ".hex"])
@pytest.mark.parametrize(
    ("mutant", "verdict"),
    [
        (mutants.Mutant("latency", "half-up"), "wrong"),
        (mutants.Mutant("neuron", "compare=>="), "wrong"),
        (mutants.Mutant("neuron", "fused"), "rounding"),
    ],
)
def test_wrong_results_are_judged_and_named(written, tmp_path, mutant, verdict, suffix):
    report = results.check(written, store(tmp_path / "mine", mutant, suffix))
    assert report.verdict == verdict
    assert report.causes[0] == mutant.name
    assert report.diagnosis[0].startswith(f"{mutant.group}: ")
    (note,) = [note for note in report.notes if note.startswith("not run: ")]
    assert note.count(",") == 5 and note.endswith(" more")


def test_one_vector_is_enough(written, tmp_path):
    mutant = mutants.Mutant("neuron", "reset_at=same")
    folder = store(tmp_path / "mine", mutant, only=lambda name: name == "lif-snntorch")
    report = results.check(written, folder)
    assert report.verdict == "wrong"
    assert "profile norse-box-subtract" in report.diagnosis[0]


def test_spikes_alone_are_judged(written, tmp_path):
    name = "lif-snntorch"
    observed = next(v for v in vectors.every() if v.name == name).observed
    np.savez(tmp_path / f"{name}.npz", spikes=observed.spikes.astype(bool))
    assert results.check(written, tmp_path).verdict == "exact"


# --- damaged and malicious files -----------------------------------------------------------------


def refuse(sentence, folder, given=None):
    with pytest.raises(files.FileError, match=sentence) as caught:
        results.check(folder, given or folder)
    assert "\n" not in str(caught.value)


def edit(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_a_missing_or_malformed_manifest_is_refused(copied, tmp_path):
    refuse("cannot be read .No such file", tmp_path / "nowhere")
    (copied / "manifest.json").write_text("{")
    refuse("is not JSON", copied)
    for content in ("[]", "{}", '{"format": "spikecore-vectors"}', "[" * 100_000):
        (copied / "manifest.json").write_text(content)
        refuse("is not a manifest|is not JSON", copied)


@pytest.mark.parametrize(
    "name",
    ["../outside.npz", "/etc/passwd", "a/b.npz", "..", ".hidden", "a..b", "", 3, None, "a\0b"],
)
def test_names_that_could_leave_the_folder_are_refused(copied, name):
    edit(copied, lambda manifest: manifest["vectors"][0]["files"].update(npz=name))
    refuse("could lie outside its folder", copied)


def test_a_name_of_a_vector_is_held_to_the_same(copied):
    edit(copied, lambda manifest: manifest["vectors"][0].update(name="../../x"))
    refuse("could lie outside its folder", copied)


def test_a_link_is_refused(copied, tmp_path):
    path = copied / "lif-snntorch.npz"
    target = tmp_path / "elsewhere.npz"
    path.rename(target)
    path.symlink_to(target)
    refuse("is a link; replace it by the file itself", copied)


def test_a_changed_file_is_refused(copied):
    path = copied / "lif-snntorch.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    refuse("has SHA-256", copied)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda entry: entry.pop("files"), "has a malformed vector"),
        (lambda entry: entry.update(parameters={"nosuch": 1}), "has a malformed vector"),
        (lambda entry: entry.update(parameters={"decay": 7}), "decay must lie in"),
        (lambda entry: entry.update(call="os.system"), "asks for 'os.system', which is not known"),
        (lambda entry: entry["arrays"]["spikes"].update(dtype="object"), "which is not known"),
        (
            lambda entry: entry["arrays"]["spikes"].update(shape=[2**40]),
            "values; write the vectors",
        ),
        (lambda entry: entry["arrays"]["spikes"].update(shape=[-1]), "which is not known"),
        (lambda entry: entry.update(parameters={"decay": 0.8}), "of another release"),
        (
            lambda entry: entry.update(call="spikegen.latency", parameters={"num_steps": 10**9}),
            "has num_steps=1000000000 for spikes of shape",
        ),
        (
            lambda entry: entry.update(call="spikegen.latency", parameters={"num_steps": 40}),
            "asks for what cannot be computed",
        ),
    ],
)
def test_a_malformed_vector_is_refused(copied, change, sentence):
    edit(copied, lambda manifest: change(manifest["vectors"][0]))
    refuse(sentence, copied)


def test_another_format_version_is_refused(copied):
    edit(copied, lambda manifest: manifest.update(version=99))
    refuse("has version 99 where 1 is known", copied)


def test_an_empty_folder_of_results_is_refused(written, tmp_path):
    refuse("holds no results, such as lif-snntorch.npz", written, tmp_path)


def judged(written, folder):
    report = results.check(written, folder)
    assert report.verdict == "failed"
    detail = report.checks[0].detail
    assert "\n" not in detail
    return detail


def test_pickled_objects_are_not_unpacked(written, tmp_path):
    np.savez(tmp_path / "lif-snntorch.npz", spikes=np.array([{}], object))
    assert "is not a whole npz file of plain arrays" in judged(written, tmp_path)


def test_a_truncated_npz_is_refused(written, tmp_path):
    data = (written / "lif-snntorch.npz").read_bytes()
    (tmp_path / "lif-snntorch.npz").write_bytes(data[: len(data) // 2])
    assert "is not a whole npz file" in judged(written, tmp_path)


def test_an_npz_that_unpacks_to_too_much_is_not_unpacked(written, tmp_path):
    np.savez_compressed(tmp_path / "lif-snntorch.npz", spikes=np.zeros(10**8, np.int8))
    assert "bytes where at most" in judged(written, tmp_path)


def test_an_npz_that_lies_about_its_size_is_refused(written, tmp_path):
    path = tmp_path / "lif-snntorch.npz"
    with zipfile.ZipFile(path, "w") as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }"
        archive.writestr("spikes.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
                         + header)  # fmt: skip
    assert "lif-snntorch.npz" in judged(written, tmp_path)


def test_other_shapes_and_names_are_refused(written, tmp_path):
    np.savez(tmp_path / "lif-snntorch.npz", spikes=np.zeros(3))
    assert "its spikes have shape (3,) where" in judged(written, tmp_path)
    np.savez(tmp_path / "lif-snntorch.npz", train=np.zeros(3))
    assert "has no array 'spikes'" in judged(written, tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("01 02", "holds 2 values where 1920 were expected"),
        ("zz " * 1920, "holds a word that is not a hexadecimal number of 8 bits"),
        ("fff " * 1920, "holds a word that is not a hexadecimal number of 8 bits"),
        ("-1 " * 1920, "holds a word that is not a hexadecimal number of 8 bits"),
        ("0" * 10**6, "is far larger than its 1920 values"),
        ("\xff", "cannot be read as text"),
    ],
)
def test_malformed_text_is_refused(written, tmp_path, text, sentence):
    (tmp_path / "lif-snntorch.spikes.hex").write_text(text, encoding="latin-1")
    assert sentence in judged(written, tmp_path)


def test_a_membrane_of_nan_is_refused(written, tmp_path):
    observed = next(v for v in vectors.every() if v.name == "lif-snntorch").observed
    spoiled = np.full_like(observed.membrane, np.nan)
    np.savez(tmp_path / "lif-snntorch.npz", spikes=observed.spikes, membrane=spoiled)
    assert "its membranes hold nan" in judged(written, tmp_path)


def test_the_manifest_can_be_turned_back_into_the_neuron(written):
    manifest = json.loads((written / "manifest.json").read_text())
    entry = next(known for known in manifest["vectors"] if known["name"] == "lif-bindsnet")
    assert LIF(**entry["parameters"]) == vectors.NEURONS["bindsnet"]
    assert entry["equation"].endswith("refractory=3")
