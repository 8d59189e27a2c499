"""What a file may claim."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy.io import savemat

from gastlive.action.checkpoint import save_head
from gastlive.action.heads.tcn import TCN
from gastlive.datasets.formats.matlab import read_matlab, read_matlab_texts
from gastlive.datasets.own.lifted_video import read_lifted_video
from gastlive.datasets.published.ntu_gast import NtuGast60
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.gastnet import GASTNet
from gastlive.gast.limits import opened_npz, read_json, read_npy
from gastlive.gast.pickled import read_pickle
from gastlive.gast.runtimes.step_graph import load_graph
from gastlive.gast.skeleton import H36M17

NAME = "S001C002P003R002A013"


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f"{i}.npy", npy(np.zeros(6_000_000)))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=r"unpacks to more than \d+ bytes"):
        opened_npz(path)


def test_an_array_that_claims_more_than_is_there_is_refused(tmp_path):
    lying = npy(np.zeros((3, 17))).replace(b"(3, 17), }         ", b"(1000000000, 17), }")
    assert b"1000000000" in lying
    (tmp_path / "a.npy").write_bytes(lying)
    with pytest.raises(ValueError, match=r"an array float64 \(1000000000, 17\) in 408 bytes"):
        read_npy(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", lying)
    with pytest.raises(ValueError, match=r"an array float64 \(1000000000, 17\) in 408 bytes"):
        opened_npz(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "array",
    [np.zeros((10**8, 0)), np.zeros(3, "M8[s]"), np.zeros(3, [("a", "f4")]), np.zeros(3, complex)],
)
def test_only_numbers_and_text_are_read(array, tmp_path):
    np.savez(tmp_path / "a.npz", a=array)
    with pytest.raises(ValueError, match="array"):
        opened_npz(tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="array"):
        read_npy(tmp_path / "a.npy")


@pytest.mark.parametrize("text", ["[" * 10_000, "9" * 400, '{"a": "\\ud800"}', "{"])
def test_json_that_no_program_writes_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        read_json(text)
    with pytest.raises(ValueError, match=r".+"):
        read_json(text.encode())


def test_json_of_other_programs_is_read():
    found = read_json('{"t": 1700000000000000000, "a": [1e-3, NaN], "s": "\\ud83d\\ude00"}')
    assert (found["t"], found["s"]) == (1700000000000000000, "\U0001f600")


def test_a_pickle_of_more_objects_than_bytes_is_refused(tmp_path):
    laughs = [1] * 10
    for _ in range(10):
        laughs = [laughs] * 10
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(laughs))
    with pytest.raises(InputError, match=r"a\.pkl is broken"):
        read_pickle(tmp_path / "a.pkl")


def test_a_pickle_that_wants_room_for_objects_it_has_not_is_refused(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02]r\xff\xff\xff\x7f.")
    with pytest.raises(InputError, match=r"a\.pkl is broken"):
        read_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize(("level", "packed"), [("4", False), ("5", False), ("5", True)])
def test_matlab_files_are_read_as_scipy_reads_them(level, packed, tmp_path):
    xyz = np.arange(60.0).reshape(20, 3) if level == "4" else np.arange(120.0).reshape(20, 3, 2)
    small = np.array([[270, 480, 7]], "f8" if level == "4" else "u2")
    content = {"said": "jumping_jacks", "xyz": xyz, "small": small}
    savemat(tmp_path / "a.mat", content, format=level, do_compression=packed)
    found = read_matlab(tmp_path / "a.mat", ["small", "xyz"])
    assert found[0].tolist() == [[270, 480, 7]]
    np.testing.assert_array_equal(found[1], xyz)
    assert read_matlab_texts(tmp_path / "a.mat", ["said"]) == ["jumping_jacks"]
    with pytest.raises(InputError, match=r"a\.mat is no MATLAB file with a 'said' of numbers"):
        read_matlab(tmp_path / "a.mat", ["said"])
    with pytest.raises(InputError, match=r"a\.mat is no MATLAB file with a 'xyz' of text"):
        read_matlab_texts(tmp_path / "a.mat", ["xyz"])


def test_a_matlab_file_that_unpacks_to_too_much_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.zeros(20_000_000)}, do_compression=True)
    with pytest.raises(InputError, match=r"a\.mat is no MATLAB file with a 'x'"):
        read_matlab(tmp_path / "a.mat", ["x"])


def hdf5(tmp_path):
    return h5py.File(tmp_path / f"{NAME}.h5", "w")


def reason(tmp_path):
    data = NtuGast60(str(tmp_path))
    assert not list(data)
    return data.problems[0].reason


def test_hdf5_that_points_to_other_files_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(17 * 3 * 4))
    with hdf5(tmp_path) as file:
        where = [(str(tmp_path / "secret"), 0, 17 * 3 * 4)]
        file.create_dataset("skeletons", (1, 1, 17, 3), "f4", external=where)
    assert "is no HDF5 file" in reason(tmp_path)
    with h5py.File(tmp_path / "other.hdf5", "w") as other:
        other["skeletons"] = np.ones((1, 1, 17, 3), "f4")
    with hdf5(tmp_path) as file:
        file["skeletons"] = h5py.ExternalLink(str(tmp_path / "other.hdf5"), "/skeletons")
    assert "is no HDF5 file" in reason(tmp_path)


def test_hdf5_that_claims_more_than_it_holds_is_refused(tmp_path):
    with hdf5(tmp_path) as file:
        file.create_dataset("skeletons", (2, 20_000_000, 17, 3), "f4", chunks=(1, 1000, 17, 3))
    assert "is no HDF5 file" in reason(tmp_path)


def with_card(path, kind, **changes):
    """The same weights with another card."""
    weights = load_file(path)
    with safe_open(str(path), framework="pt") as file:
        card = json.loads(file.metadata()[f"gastlive_{kind}"])
    save_file(weights, path, metadata={f"gastlive_{kind}": json.dumps(card | changes)})
    return path


@pytest.fixture
def lifter(tmp_path):
    net = GASTNet(H36M17, inputs=2, filter_widths=(3, 3), channels=4, causal=True, dropout=0.0)
    path = tmp_path / "net.safetensors"
    checkpoint.save(net, path, fps=30.0, normalisation="person", training={"steps": 10**9})
    return path


@pytest.fixture
def head(tmp_path):
    head = TCN(
        H36M17, labels=("idle", "wave"), fps=30.0, channels=8, dilations=(1, 2), dropout=0.0,
        features=("joint",),
    )  # fmt: skip
    save_head(head, tmp_path / "head.safetensors", background="idle")
    return tmp_path / "head.safetensors"


def test_a_card_that_asks_for_more_than_a_machine_has_is_refused_without_it(lifter, monkeypatch):
    made = []
    monkeypatch.setattr(GASTNet, "__del__", lambda net: made.append(net), raising=False)
    with_card(lifter, "lifter", channels=100_000)
    with pytest.raises(InputError, match=r"net\.safetensors does not fit the lifter"):
        checkpoint.load(lifter)
    assert all(weight.is_meta for net in made for weight in net.parameters())
    with_card(lifter, "lifter", channels=10**9)
    with pytest.raises(InputError, match=r"net\.safetensors has a card with channels='1000000000'"):
        checkpoint.load(lifter)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"filter_widths": [3, 1.5]}, "filter_widths="),
        ({"filter_widths": 3}, "filter_widths="),
        ({"layout": {"a": 1}}, "layout="),
        ({"causal": "yes"}, "causal="),
        ({"fps": "30"}, "fps="),
        ({"fps": float("nan")}, "fps="),
        ({"normalisation": "metres"}, "normalisation 'metres'"),
        ({"layout": "nobody"}, "unknown joint layout 'nobody'"),
    ],
)
def test_a_field_of_a_card_that_is_of_another_kind_is_named(lifter, changes, said):
    with_card(lifter, "lifter", **changes)
    with pytest.raises(InputError, match=rf"net\.safetensors.*{said}") as refused:
        checkpoint.load(lifter)
    assert "\n" not in str(refused.value)


def test_an_exported_net_with_operators_that_are_not_ours_is_refused(tmp_path):
    from onnx import TensorProto, helper, save_model

    node = helper.make_node("RandomNormal", [], ["output"], shape=[10**9])
    out = helper.make_tensor_value_info("output", TensorProto.FLOAT, [10**9])
    model = helper.make_model(helper.make_graph([node], "g", [], [out]))
    save_model(model, str(tmp_path / "a.onnx"))
    with pytest.raises(InputError, match=r"a\.onnx has parts that gastlive-export does not write"):
        load_graph(tmp_path / "a.onnx", checkpoint.LifterCard, version=1)


def test_weights_that_can_not_be_written_leave_the_old_ones(lifter, monkeypatch):
    before = lifter.read_bytes()

    def full(weights, path, metadata):
        path.write_bytes(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gastlive.gast.cards.save_file", full)
    net, _ = checkpoint.load(lifter)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(net, lifter, fps=30.0, normalisation="person", training={})
    assert lifter.read_bytes() == before
    assert [path.name for path in lifter.parent.iterdir()] == [lifter.name]


def test_whatever_is_wrong_with_a_file_the_others_are_used(tmp_path, monkeypatch):
    for number in (1, 2):
        with h5py.File(tmp_path / f"S001C00{number}P003R002A013.h5", "w") as file:
            file["skeletons"] = np.ones((1, 2, 17, 3), "f4")
    read = NtuGast60._read

    def broken(self, take):
        if "C001" in take.name:
            raise IndexError("index 3 is out of bounds")
        return read(self, take)

    monkeypatch.setattr(NtuGast60, "_read", broken)
    data = NtuGast60(str(tmp_path))
    assert [clip.name for clip in data] == ["S001C002P003R002A013"]
    assert [problem.reason for problem in data.problems] == [
        "is broken (IndexError: index 3 is out of bounds)"
    ]


def test_a_lifted_video_whose_arrays_are_others_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", version=np.array(1), xyz=np.array("x"))
    with pytest.raises(InputError, match=r"a\.npz is no file of gastlive-lift"):
        read_lifted_video(tmp_path / "a.npz")
