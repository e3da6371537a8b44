"""Data shipped with the package: values against their source, resizing against a loop."""

import hashlib
import math

import numpy as np
import pytest

from spikecore import datasets


def bilinear_pixel(image, row, column, height, width):
    """Sample one output pixel of one image in plain Python: half-pixel centres, edges clamped."""

    def neighbours(index, new_length, length):
        centre = (index + 0.5) * length / new_length - 0.5
        below = math.floor(centre)
        inside = [min(max(position, 0), length - 1) for position in (below, below + 1)]
        return inside, centre - below

    (top, bottom), down = neighbours(row, height, image.shape[0])
    (left, right), across = neighbours(column, width, image.shape[1])
    upper = (1 - across) * float(image[top, left]) + across * float(image[top, right])
    lower = (1 - across) * float(image[bottom, left]) + across * float(image[bottom, right])
    return (1 - down) * upper + down * lower


def test_digits_are_1797_labelled_grey_images():
    images, labels = datasets.digits()
    assert images.shape == (1797, 8, 8) and images.dtype == np.float32
    assert labels.shape == (1797,) and labels.dtype == np.int64
    assert images.min() == 0 and images.max() == 1
    np.testing.assert_array_equal(images * 16, np.round(images * 16))
    np.testing.assert_array_equal(
        np.bincount(labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    )


def test_the_first_digit_is_the_zero_of_the_uci_file():
    images, labels = datasets.digits()
    expected = [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    assert labels[0] == 0
    np.testing.assert_array_equal(images[0] * 16, expected)


def test_every_value_is_the_uci_value():
    images, labels = datasets.digits()
    # SHA-256 of the uint8 bytes of sklearn.datasets.load_digits (scikit-learn 1.9.1), target last.
    stored = np.round(images * 16).astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    assert hashlib.sha256(stored).hexdigest() == (
        "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_every_call_returns_new_arrays():
    images, labels = datasets.digits()
    images[:], labels[:] = 7, 7
    again, labels_again = datasets.digits()
    assert again.max() == 1 and labels_again[1] == 1


@pytest.mark.parametrize("size", [(28, 28), (8, 8), (1, 1), (3, 5), (9, 1), (16, 31)])
def test_resizing_is_bilinear_with_half_pixel_centres(size):
    original, labels = datasets.digits()
    resized, labels_resized = datasets.digits(size=size)
    assert resized.shape == (1797, *size) and resized.dtype == np.float32
    np.testing.assert_array_equal(labels_resized, labels)
    for index in (0, 1, 1796):
        expected = [
            [bilinear_pixel(original[index], row, column, *size) for column in range(size[1])]
            for row in range(size[0])
        ]
        np.testing.assert_allclose(resized[index], expected, rtol=1e-6, atol=1e-7)


def test_the_same_size_changes_nothing():
    np.testing.assert_array_equal(datasets.digits(size=(8, 8))[0], datasets.digits()[0])


def test_resized_corners_repeat_the_corner_pixel():
    original, resized = datasets.digits()[0], datasets.digits(size=(64, 64))[0]
    np.testing.assert_array_equal(resized[:, :4, :4], original[:, :1, :1].repeat(4, 1).repeat(4, 2))
    np.testing.assert_array_equal(
        resized[:, -4:, -4:], original[:, -1:, -1:].repeat(4, 1).repeat(4, 2)
    )


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (28, TypeError),
        ("28", TypeError),
        ((28,), TypeError),
        ((28, 28, 1), TypeError),
        ((28.0, 28), TypeError),
        ((True, 28), TypeError),
        ((0, 28), ValueError),
        ((28, -1), ValueError),
    ],
)
def test_a_bad_size_is_refused_by_name(size, error):
    with pytest.raises(error, match="size"):
        datasets.digits(size=size)


@pytest.mark.parametrize("size", [(2**20, 2**20), (2**64, 2**64), (10**400, 1)])
def test_a_size_that_memory_does_not_hold_is_refused_by_name(size):
    with pytest.raises(
        ValueError, match=r"^size must fit into memory, got \(.*; pass a smaller one"
    ):
        datasets.digits(size=size)


def test_the_electrocardiogram_is_ten_seconds_of_millivolts():
    signal, time_step = datasets.ecg()
    assert signal.shape == (3600,) and signal.dtype == np.float32
    assert len(signal) * time_step == pytest.approx(10, rel=1e-15)
    np.testing.assert_array_equal(signal, (np.round(signal * 200) / 200).astype(np.float32))
    # Read off the converter's numbers: 869 at first, 754 and 1540 at the ends of the range.
    assert signal[0] == np.float32(-0.775)
    assert (signal.min(), signal.max()) == (np.float32(-1.35), np.float32(2.58))


def test_every_sample_is_that_of_the_database():
    numbers = np.round(datasets.ecg()[0] * 200 + 1024).astype("<u2")
    # SHA-256 of samples 4320 to 7919 of ecg.dat in SciPy 1.11.4, as little-endian uint16.
    assert hashlib.sha256(numbers.tobytes()).hexdigest() == (
        "b40fe1794a5720dd7e19d7a1385095dbb0cb1c5e6ede91eb8f79fde674f80481"
    )


def test_every_call_returns_a_new_electrocardiogram():
    datasets.ecg()[0][:] = 7
    assert datasets.ecg()[0].max() < 7
