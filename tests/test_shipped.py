import pytest
import torch

from gastlive.gast.device import device
from gastlive.gast.errors import InputError
from gastlive.gast.shipped import find


def test_weights_are_found_by_name_and_by_path(tmp_path):
    (tmp_path / "small.safetensors").touch()
    other = tmp_path / "elsewhere.bin"
    other.touch()
    assert find("small", folder=tmp_path, kind="lifter") == tmp_path / "small.safetensors"
    assert find(str(other), folder=tmp_path, kind="lifter") == other


def test_an_unknown_name_lists_those_there_are(tmp_path):
    (tmp_path / "small.safetensors").touch()
    with pytest.raises(InputError, match=r"no head 'big'.*\(small\)"):
        find("big", folder=tmp_path, kind="head")


def test_auto_takes_what_there_is():
    assert device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device("cpu").type == "cpu"


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="'abacus' can't be used here"):
        device("abacus")
