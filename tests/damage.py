"""Ways to damage a valid file, from single bits to other shapes; random numbers are handed in."""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from random import Random

import numpy as np

Damage = Callable[[bytes, Random], bytes]

WORDS = [
    b"", b"-1", b"0", b"1e999", b"nan", b"inf", b"-Infinity", b"9" * 24, b"7" * 400, b"6" * 5000,
    b"null", b"[]", b"{}", b'"', b"\x00", b"\xff\xfe", b"true", b"1e308", b'"\\ud800"',
    b"2147483648", b"\xc2\xb2",
    b"-9223372036854775809", b"\xd9\xa1", b"\xe2\x80\xa8", b"\x0c", b"\x85", b",", b";", b"\n",
    b"\r", b" ", b"1_0", b"0x10", b"[" * 5000,
]  # fmt: skip
"""What numbers and words become."""
VALUES = [
    None, True, False, 0, -1, 1.5, 1e308, -1e308, float("nan"), float("inf"), 10**30, 10**400, "",
    "x", "1", "h36m17", "coco17", [], {}, [[]], [None], [1, 2, 3], {"a": 1}, 2**31, 2**63,
    "a" * 300, "\ud800", [[None, None]] * 17, [0] * 17, "../../x", -5, 1e-320, 10**6, [10**6] * 3,
]  # fmt: skip
"""What values of JSON become."""
ARRAYS: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda a: a[:0], lambda a: np.array("x"), lambda a: np.array(3), lambda a: a.astype(complex),
    lambda a: a[None], lambda a: a.ravel(), lambda a: a.T, lambda a: np.full(a.shape, np.nan),
    lambda a: np.full(a.shape, np.inf), lambda a: -np.ones(a.shape, np.int64),
    lambda a: np.full(a.shape, 1e300), lambda a: a[:1], lambda a: np.zeros(0),
    lambda a: a.astype(bool), lambda a: np.zeros(a.shape, "M8[s]"), lambda a: np.array(["a", "b"]),
    lambda a: np.zeros(a.shape, [("a", "f4")]), lambda a: np.full(a.shape, 2**62),
    lambda a: np.zeros(a.shape, "U3"), lambda a: np.array([10**9]), lambda a: np.array(b"\xff\xfe"),
    lambda a: np.array("[]"), lambda a: np.array("null"), lambda a: np.array({"a": 1}),
    lambda a: np.zeros((10**8, 0)),
]  # fmt: skip
"""What arrays become."""


def of_bytes(valid: bytes, rng: Random) -> bytes:
    """Single bits, missing ends, repeated pieces."""
    made = bytearray(valid)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 8])):
        made = made or bytearray(b"0")
        at, kind = rng.randrange(len(made)), rng.randrange(7)
        if kind == 0:
            made[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            made[at] = rng.choice([0, 255, 127, 128, rng.randrange(256)])
        elif kind == 2:
            del made[at:]
        elif kind == 3:
            del made[at : at + rng.choice([1, 2, 8, 64])]
        elif kind == 4:
            made[at : at + rng.choice([0, 1, 2, 4, 8])] = rng.choice(WORDS)
        elif kind == 5:
            made[at:at] = made[at : at + rng.choice([1, 4, 8, 32, 256])]
        else:
            made[at:at] = rng.randbytes(rng.choice([1, 4, 16]))
    return bytes(made)


def of_text(valid: bytes, rng: Random) -> bytes:
    """Other words, missing ones, in another order."""
    if rng.random() < 0.35:
        return of_bytes(valid, rng)
    words = re.split(rb"(\s+|[,;:{}\[\]]+)", valid)
    for _ in range(rng.choice([1, 1, 2, 4])):
        words = words or [b""]
        at, kind, other = rng.randrange(len(words)), rng.randrange(6), rng.randrange(len(words))
        if kind <= 2:
            words[at] = rng.choice(WORDS)
        elif kind == 3:
            del words[at]
        elif kind == 4:
            words[at:at] = [words[other]]
        else:
            words[at], words[other] = words[other], words[at]
    return b"".join(words)


def of_json(valid: bytes, rng: Random) -> bytes:
    """Other values, keys and nesting."""
    if rng.random() < 0.35:
        return of_text(valid, rng)
    return json.dumps(other(json.loads(valid), rng)).encode()


def of_lines(valid: bytes, rng: Random) -> bytes:
    """A line of JSON is damaged."""
    if rng.random() < 0.35:
        return of_text(valid, rng)
    lines = valid.split(b"\n")
    at = rng.randrange(max(len(lines) - 1, 1))
    lines[at] = of_json(lines[at], rng)
    return b"\n".join(lines)


def other(value: object, rng: Random) -> object:
    """A value of JSON with parts of it changed."""
    made = json.loads(json.dumps(value))
    for _ in range(rng.choice([1, 1, 2, 3])):
        found = list(_places(made))
        if not found:
            return made
        shallow = [place for place in found if place[2] <= 3]
        parent, key, _ = rng.choice(shallow if rng.random() < 0.6 else found)
        if rng.random() < 0.2:
            del parent[key]
        else:
            parent[key] = json.loads(json.dumps(rng.choice(VALUES)))
    return made


def _places(value, depth=1):
    parts = value.items() if isinstance(value, dict) else enumerate(value[:40])
    for key, part in list(parts):
        yield value, key, depth
        if isinstance(part, dict | list):
            yield from _places(part, depth + 1)


def npz(arrays: Mapping[str, np.ndarray | bytes]) -> bytes:
    """An npz file; what is bytes already is put in as it is."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", array if isinstance(array, bytes) else npy(array))
    return made.getvalue()


def npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array, allow_pickle=True)
    return made.getvalue()


def of_npz(valid: bytes, rng: Random) -> bytes:
    """Arrays are changed, left out, or claim what they are not."""
    if rng.random() < 0.2:
        return of_bytes(valid, rng)
    with zipfile.ZipFile(io.BytesIO(valid)) as archive:
        raw = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    made: dict[str, np.ndarray | bytes] = dict(raw)
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(list(raw))
        made[name] = _array(raw[name], rng)
    if rng.random() < 0.1:
        del made[rng.choice(list(made))]
    return npz(made)


def _array(raw: bytes, rng: Random) -> np.ndarray | bytes:
    chance = rng.random()
    if chance < 0.2:
        return of_npy(raw, rng)
    if chance < 0.3:
        return of_bytes(raw, rng)
    try:
        array = np.load(io.BytesIO(raw), allow_pickle=False)
        if array.dtype.kind == "U" and not array.ndim and chance < 0.8:
            return np.array(json.dumps(other(json.loads(str(array)), rng)))
        return rng.choice(ARRAYS)(array)
    except (ValueError, TypeError, IndexError):
        return of_bytes(raw, rng)


def of_npy(valid: bytes, rng: Random) -> bytes:
    """The header of an array lies."""
    sizes = [b"99999999999", b"-1", b"0", b"1000000", b"18446744073709551615", b"7"]
    head = re.sub(rb"\(([0-9]+)", lambda _: b"(" + rng.choice(sizes), valid[:128], count=1)
    return (head if rng.random() < 0.5 else of_text(valid[:128], rng)) + valid[128:]


def of_card(valid: bytes, rng: Random) -> bytes:
    """The card of a safetensors file, or its header, is changed."""
    if rng.random() < 0.15:
        return of_bytes(valid, rng)
    size = struct.unpack("<Q", valid[:8])[0]
    head = json.loads(valid[8 : 8 + size])
    (key,) = head["__metadata__"]
    if rng.random() < 0.8:
        card = of_json(head["__metadata__"][key].encode(), rng)
        head["__metadata__"][key] = card.decode("utf-8", "replace")
    else:
        head = other(head, rng)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + valid[8 + size :]


def of_onnx(valid: bytes, rng: Random) -> bytes:
    """The metadata of an ONNX file, or its nodes, are changed."""
    import onnx

    if rng.random() < 0.3:
        return of_bytes(valid, rng)
    model = onnx.load_model_from_string(valid)
    told = rng.choice(list(model.metadata_props))
    told.value = of_json(told.value.encode(), rng).decode("utf-8", "replace")
    if rng.random() < 0.5:
        node = rng.choice(list(model.graph.node))
        names = [each.name for each in model.graph.initializer] + ["frame", "nowhere"]
        if rng.random() < 0.5 and node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice(names)
        else:
            node.op_type = rng.choice(["Add", "Loop", "If", "Identity", "Concat", "Tile", "Expand"])
    made: bytes = model.SerializeToString()
    return made
