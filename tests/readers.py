"""A valid file for every reader of files from outside, how to damage it, and the reading."""

import io
import json
import pickle
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.heads.tcn import TCN
from gastlive.action.reference_checkpoint import from_published
from gastlive.action.teaching.background import Background, load_background, save_background
from gastlive.datasets.for_heads.lifted import read_lifted, save_lifted
from gastlive.datasets.formats.acclaim import read_acclaim
from gastlive.datasets.formats.bvh import read_bvh
from gastlive.datasets.formats.matlab import read_matlab
from gastlive.datasets.own.annotations import read_rows
from gastlive.datasets.own.bank import Bank, write_bank
from gastlive.datasets.own.folder import Folder
from gastlive.datasets.own.footage import read_footage
from gastlive.datasets.own.lifted_video import save_lifted_video
from gastlive.datasets.own.recordings import Recordings
from gastlive.datasets.published.ctrgcn import CtrGcn
from gastlive.datasets.published.human36m import Human36m
from gastlive.datasets.published.jhmdb import Jhmdb
from gastlive.datasets.published.msr_action3d import MsrAction3d
from gastlive.datasets.published.msrc12 import Msrc12
from gastlive.datasets.published.ntu import Ntu60
from gastlive.datasets.published.ntu_gast import NtuGast60
from gastlive.datasets.published.nw_ucla import NwUcla
from gastlive.datasets.published.penn_action import PennAction
from gastlive.datasets.published.utd_mhad import UtdMhad
from gastlive.datasets.published.utkinect import UtKinect
from gastlive.experiments.lifting.ledger import Ledger
from gastlive.gast import checkpoint
from gastlive.gast.deployed import deployed
from gastlive.gast.errors import InputError
from gastlive.gast.gastnet import GASTNet
from gastlive.gast.runtimes.compiled import ready
from gastlive.gast.runtimes.step_graph import graph_of, save_graph
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.page.wire import unpacked
from gastlive.realtime.sources.keypoints import Keypoints

from . import (
    damage,
    test_acclaim,
    test_bank,
    test_bvh,
    test_ctrgcn,
    test_films,
    test_folder,
    test_graphs,
    test_lifted,
    test_msr_action3d,
    test_msrc12,
    test_ntu,
    test_ntu_gast,
    test_pairs,
    test_pyskl,
    test_recordings,
    test_utkinect,
)

Target = tuple[bytes, damage.Damage, str, Callable[[Path], object]]
XY = np.random.default_rng(0).uniform(100, 400, (3, 17, 2)).round(1)


def _all(found: Iterable[object], most: int = 3000) -> None:
    """Read a set; of one in which nothing can be used the first reason is raised."""
    count = sum(1 for _ in islice(found, most))
    if not count and (problems := getattr(found, "problems", [])):
        raise InputError(problems[0].reason)


def _keypoints(valid: bytes, how: damage.Damage, name: str, **given) -> Callable[[Path], Target]:
    def read(path: Path) -> None:
        _all(Keypoints(str(path), **given).read(threading.Event()), 200)

    return lambda folder: (valid, how, name, read)


SAID = {"fps": 30.0, "width": 640, "height": 480}
HEAD = {"gastlive": 1, "kind": "frames", **SAID, "layout": "coco17", "lifter_layout": "h36m17"}
FRAMES = [
    {"index": i, "time_s": i / 30, "dropped": 0, "people": [
        {"track": 1, "score": 0.8, "xy": pose.tolist(), "confidence": [0.9] * 17, "xyz": None}]}
    for i, pose in enumerate(XY)
]  # fmt: skip
ALPHAPOSE = [
    {"image_id": f"{i}.jpg", "score": 2.5, "idx": 1,
     "keypoints": np.c_[pose, np.full(17, 0.8)].ravel().tolist()}
    for i, pose in enumerate(XY)
]  # fmt: skip


def _lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _written(folder: Path, name: str) -> bytes:
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    return content


def _lifted(folder: Path) -> Target:
    path = save_lifted(folder, test_lifted.origin(), [test_lifted.lifted("c", [0] * 6)])
    return _written(folder, path.name), damage.of_npz, "x.npz", read_lifted


def _lifted_video(folder: Path) -> Target:
    save_lifted_video(folder / "v.npz", test_folder.video([(1, range(20)), (2, range(4, 24))]))
    content = _written(folder, "v.npz")
    return content, damage.of_npz, "x.npz", lambda path: read_footage(path, fps=30.0)


def _background(folder: Path) -> Target:
    made = Background(np.zeros((2, 4, 17, 3), "f4"), "h36m17", 30.0, "gast27", "ab")
    save_background(made, folder / "b.npz")
    return _written(folder, "b.npz"), damage.of_npz, "x.npz", load_background


def _bank(folder: Path) -> Target:
    write_bank(folder / "b.npz", [test_bank.walk("a", "1")], layout=H36M17, fps=30.0)

    def read(path: Path) -> None:
        _all(Bank(str(path), dataset="moves"))

    return _written(folder, "b.npz"), damage.of_npz, "x.npz", read


def _recording(folder: Path) -> Target:
    times = [(i / 30, [test_recordings.person(0.1 * i, label="wave")]) for i in range(20)]
    test_recordings.write(folder, times, name="made")
    content = _written(folder, "made/frames.jsonl")

    def read(path: Path) -> None:
        _all(Recordings(str(path.parent)))
        read_footage(path, fps=30.0)

    return content, damage.of_lines, "r/frames.jsonl", read


def _labels(folder: Path) -> Target:
    test_folder.record(folder / "f" / "run", begin_s=0.0)
    text = "start,end,label,file,person,subject\n0.1,0.9,wave,run,1,anna\n1.2,1.8,,run,2,\n"

    def read(path: Path) -> None:
        read_rows(path)
        _all(Folder(str(path.parent), background="idle", fps=30.0))

    return text.encode(), damage.of_text, "f/labels.csv", read


def _bvh(folder: Path) -> Target:
    tree = test_bvh.spelled(test_bvh.TREE)
    text = "\n".join([*tree, "MOTION", "Frames: 2", "Frame Time: 0.03", *[test_bvh.turned()] * 2])
    return f"{text}\n".encode(), damage.of_text, "x.bvh", read_bvh


def _asf(folder: Path) -> Target:
    (folder / "a.amc").write_text(test_acclaim.amc([test_acclaim.STILL]))
    text = test_acclaim.asf().encode()
    return text, damage.of_text, "x.asf", lambda path: read_acclaim(path, folder / "a.amc")


def _amc(folder: Path) -> Target:
    (folder / "a.asf").write_text(test_acclaim.asf())
    text = test_acclaim.amc([test_acclaim.STILL, "lfemur 10 0 0"]).encode()
    return text, damage.of_text, "x.amc", lambda path: read_acclaim(folder / "a.asf", path)


def _ntu(folder: Path) -> Target:
    test_ntu.write(folder, (test_ntu.FIRST, 0, test_ntu.standing(4, stride=0.1)), frames=4)
    name = f"{test_ntu.NAME}.skeleton"
    content = _written(folder, name)
    return content, damage.of_text, f"n/{name}", lambda path: _all(Ntu60(str(path.parent)))


def _msr(folder: Path) -> Target:
    test_msr_action3d.write(folder, "a01_s01_e01", [test_msr_action3d.FACING] * 3)
    name = "a01_s01_e01_skeleton3D.txt"

    def read(path: Path) -> None:
        _all(MsrAction3d(str(path.parent), fps=30.0, noisy=True))

    return _written(folder, name), damage.of_text, f"m/{name}", read


def _utkinect(name: str) -> Callable[[Path], Target]:
    def made(folder: Path) -> Target:
        test_utkinect.write(folder / "u", [90, 92, 94, 98, 100, *range(102, 121, 2)])
        test_utkinect.label(folder / "u", "s01_e01", "walk: 92 100 ", "sitDown:  110 118")
        content = (folder / "u" / name).read_bytes()
        return content, damage.of_text, f"u/{name}", lambda path: _all(UtKinect(str(path.parent)))

    return made


def _msrc12(ending: str) -> Callable[[Path], Target]:
    def made(folder: Path) -> Target:
        (folder / "c").mkdir(exist_ok=True)
        test_msrc12.write(folder / "c", 30, [(0.5, "G10 Change weapon"), (0.8, "G1 x")])
        name = f"P1_1_10_p06.{ending}"
        content = (folder / "c" / name).read_bytes()
        return (
            content,
            damage.of_text,
            f"c/{name}",
            lambda path: _all(Msrc12(str(path.parent), before_s=0.2, after_s=0.2)),
        )

    return made


def _ucla(folder: Path) -> Target:
    points = [[{"X": 0.1, "Y": 0.2, "Z": 3.0}] * 20] * 3
    rows = [[list(point.values()) for point in frame] for frame in points]
    content = json.dumps({"skeletons": rows}).encode()
    name = "l/a01_s01_e00_v01.json"
    return content, damage.of_json, name, lambda path: _all(NwUcla(str(path.parent), fps=30.0))


def _utd(level: str) -> Callable[[Path], Target]:
    def made(folder: Path) -> Target:
        from scipy.io import savemat

        shape = (20, 12) if level == "4" else (20, 3, 4)
        content, values = io.BytesIO(), np.random.default_rng(0).normal(size=shape)
        savemat(content, {"d_skel": values}, format=level, do_compression=level == "5")
        name = "d/a1_s1_t1_skeleton.mat"

        def read(path: Path) -> None:
            if level == "4":  # which has no arrays of three axes
                read_matlab(path, ["d_skel"])
            else:
                _all(UtdMhad(str(path.parent)))

        return content.getvalue(), damage.of_bytes, name, read

    return made


def _penn(folder: Path) -> Target:
    test_films.write_penn(folder, "0001")
    name = "p/0001.mat"
    content = _written(folder, "0001.mat")
    return content, damage.of_bytes, name, lambda path: _all(PennAction(str(path.parent)))


def _jhmdb(folder: Path) -> Target:
    test_films.write_jhmdb(folder)
    content = (folder / "train_1.npz").read_bytes()
    return content, damage.of_npz, "train_1.npz", lambda path: _all(Jhmdb(str(path.parent)))


def _of_pyskl(valid: bytes, rng) -> bytes:
    if rng.random() < 0.5:
        return damage.of_bytes(valid, rng)
    content = pickle.loads(valid)
    entry = rng.choice(content["annotations"])
    key = rng.choice(list(entry))
    if isinstance(entry[key], np.ndarray) and rng.random() < 0.5:
        try:
            entry[key] = rng.choice(damage.ARRAYS)(entry[key])
        except (ValueError, TypeError):
            entry[key] = None
    else:
        entry[key] = rng.choice(damage.VALUES)
    return pickle.dumps(content, protocol=rng.choice([2, 4, 5]))


def _pyskl(kind: str) -> Callable[[Path], Target]:
    entry, reader = getattr(test_pyskl, kind), {"kinect": "motion", "hrnet": "keypoints"}[kind]

    def made(folder: Path) -> Target:
        test_pyskl.write(folder, entry(), entry(test_pyskl.OTHER, label=0, people=2))
        content = _written(folder, "a.pkl")

        def read(path: Path) -> None:
            _all(getattr(test_pyskl, reader)(str(path.parent), fps=20.0))

        return content, _of_pyskl, "a.pkl", read

    return made


def _ctrgcn(folder: Path) -> Target:
    test_ctrgcn.write(folder)
    content = _written(folder, "NTU60_CS.npz")

    def read(path: Path) -> None:
        _all(CtrGcn(str(path.parent), file=path.name))

    return content, damage.of_npz, "NTU60_CS.npz", read


def _human36m(folder: Path) -> Target:
    motion = {subject: {"Walking 1": test_pairs.walk(5, 32)} for subject in ("S1", "S11")}
    test_pairs.save_h36m(folder, motion=motion)
    content = _written(folder, "data_3d_h36m.npz")

    def read(path: Path) -> None:
        _all(Human36m(str(path.parent)))

    return content, damage.of_npz, "data_3d_h36m.npz", read


def _h5(folder: Path) -> Target:
    xyz = np.random.default_rng(0).normal(size=(2, 6, 17, 3)).astype("f4")
    (folder / "S001").mkdir(exist_ok=True)
    test_ntu_gast.write(folder, xyz)
    name = f"S001/{test_ntu_gast.NAME}.h5"
    content = _written(folder, name)
    return content, damage.of_bytes, name, lambda path: _all(NtuGast60(str(path.parent)))


def _lifter(folder: Path) -> Target:
    torch.manual_seed(0)
    net = GASTNet(
        H36M17, inputs=2, filter_widths=(3, 3), channels=4, causal=True, dropout=0.0
    ).eval()
    checkpoint.save(net, folder / "n.safetensors", fps=30.0, normalisation="person", training={})
    return _written(folder, "n.safetensors"), damage.of_card, "x.safetensors", deployed


def _head(folder: Path) -> Target:
    torch.manual_seed(0)
    head = TCN(
        H36M17, labels=("idle", "wave", "kick"), fps=30.0, channels=8, dilations=(1, 2),
        dropout=0.0, features=("joint",),
    )  # fmt: skip
    save_head(head.eval(), folder / "h.safetensors", background="idle")
    content = _written(folder, "h.safetensors")
    return content, damage.of_card, "x.safetensors", lambda path: load_head(path, layout="h36m17")


def _onnx(folder: Path) -> Target:
    graph = graph_of(test_graphs.lifter(3, 3), (17, 2))
    save_graph(graph, test_graphs.CARD, folder / "n.onnx")

    def read(path: Path) -> None:
        found, card = deployed(path)
        ready(found, shape=(17, card.inputs), runtime="onnxruntime")

    return _written(folder, "n.onnx"), damage.of_onnx, "x.onnx", read


def _published(read: Callable[[Path], object], name: str) -> Callable[[Path], Target]:
    def made(folder: Path) -> Target:
        content = io.BytesIO()
        graph = "layers_graph_conv.0.global_graph_layer.attentions.0.C_k"
        weights = {"expand_conv.weight": torch.zeros(4, 2, 3, 1), graph: torch.zeros(17, 17)}
        torch.save({"model_pos": weights, "state_dict": weights}, content)
        return content.getvalue(), damage.of_bytes, name, read

    return made


def _official(path: Path) -> object:
    return checkpoint.import_official(path, skeleton=H36M17, causal=True)


def _early_fusion(path: Path) -> object:
    return from_published(path, skeleton=H36M17, labels=[str(number) for number in range(60)])


def _ledger(folder: Path) -> Target:
    lines = _lines({"name": "a", "key": "k", "files": {"npz": ["a.npz"]}})

    def read(path: Path) -> None:
        ledger = Ledger(path.parent)
        ledger.has("a", "k", ["npz"])
        assert all(
            (path.parent / file).parent.resolve().is_relative_to(path.parent.resolve())
            for file in ledger.replaced("a", "", [])
        )

    return lines, damage.of_lines, Ledger.NAME, read


def _picture(folder: Path) -> Target:
    head = json.dumps({"now_s": 1.0}).encode()
    content = len(head).to_bytes(4, "little") + head + b"\xff\xd8picture"
    return content, damage.of_text, "message", lambda path: unpacked(path.read_bytes())


ARRAY = np.concatenate([XY, np.ones((3, 17, 1))], -1)
TARGETS: dict[str, Callable[[Path], Target]] = {
    "keypoints jsonl": _keypoints(_lines(HEAD, *FRAMES), damage.of_lines, "f.jsonl"),
    "keypoints alphapose": _keypoints(
        json.dumps(ALPHAPOSE).encode(), damage.of_json, "f.json", **SAID
    ),
    "keypoints npy": _keypoints(
        damage.npy(ARRAY), damage.of_npy, "f.npy", layout="coco17", **SAID
    ),
    "keypoints npz": _keypoints(
        damage.npz({"keypoints": ARRAY[None], "layout": np.array("coco17"),
                    **{name: np.array(value) for name, value in SAID.items()}}),
        damage.of_npz, "f.npz",
    ),
    "lifted": _lifted, "lifted video": _lifted_video, "background": _background, "bank": _bank,
    "recording": _recording, "labels.csv": _labels, "bvh": _bvh, "asf": _asf, "amc": _amc,
    "ntu": _ntu, "msr_action3d": _msr, "utkinect": _utkinect("joints_s01_e01.txt"),
    "utkinect labels": _utkinect("actionLabel.txt"), "msrc12": _msrc12("csv"),
    "msrc12 tags": _msrc12("tagstream"), "nw_ucla": _ucla, "mat 5": _utd("5"), "mat 4": _utd("4"),
    "penn_action": _penn, "jhmdb": _jhmdb, "pyskl": _pyskl("kinect"),
    "pyskl keypoints": _pyskl("hrnet"), "ctrgcn": _ctrgcn, "human36m": _human36m, "h5": _h5,
    "lifter": _lifter, "head": _head, "onnx": _onnx, "ledger": _ledger, "picture": _picture,
    "published lifter": _published(_official, "x.bin"),
    "published head": _published(_early_fusion, "x.pth"),
}  # fmt: skip
"""By name: valid content, how it is damaged, the file's name, what reads it; made in a folder."""
