"""A step that is written down does what torch does, whatever the number of streams."""

import numpy as np
import pytest
import torch
from onnx.checker import check_model
from onnx.reference import ReferenceEvaluator
from torch.nn import functional as F

from gastlive.gast.runtimes.tape import Tape
from gastlive.gast.runtimes.translations import TRANSLATIONS

torch.manual_seed(0)
WEIGHT = torch.randn(5, 4)
NORM = torch.nn.BatchNorm1d(4, eps=0.1).eval()
for part, low in ((NORM.running_mean, -1), (NORM.running_var, 0.5), (NORM.weight.data, -1)):
    part.uniform_(low, 2)
GRU = torch.nn.GRU(4, 3, 2, batch_first=True).eval()
TABLE = torch.tensor([2, 0, 1])

# Of x (N, 3, 4) and flags (N,) bool.
SAID = {
    "linear": lambda x, flags: F.linear(x, WEIGHT),
    "linear with a bias": lambda x, flags: F.linear(x, WEIGHT, WEIGHT[:, 0]),
    "batch_norm": lambda x, flags: NORM(x[:, 0]),
    "gru": lambda x, flags: GRU(x[:, :1], torch.stack([x[:, 1, :3]] * 2))[0],
    "matmul": lambda x, flags: x @ x.transpose(1, 2),
    "matmul with a constant": lambda x, flags: x @ WEIGHT.T,
    "add": lambda x, flags: (x + 1) + (2 + x) + x.add(x),
    "sub": lambda x, flags: x - x[:, :1],
    "mul": lambda x, flags: 3 * x * x * 0.5,
    "div": lambda x, flags: x / 3 / x.square().add(1).div(2),
    "clamp_min": lambda x, flags: x.clamp_min(0.2),
    "addcmul": lambda x, flags: torch.addcmul(WEIGHT[0], x, x),
    "square and sqrt": lambda x, flags: (x.square() + 1).sqrt(),
    "relu": lambda x, flags: F.relu(x),
    "leaky_relu": lambda x, flags: F.leaky_relu(x) + F.leaky_relu(x, 0.2),
    "logsumexp": lambda x, flags: x.logsumexp(-1, keepdim=True),
    "softmax": lambda x, flags: x.softmax(-1) + F.softmax(x, 1),
    "sum": lambda x, flags: x.sum(-1) + x.sum(2),
    "mean": lambda x, flags: x.mean((1, 2), keepdim=True) + x,
    "where": lambda x, flags: torch.where(flags.view(-1, 1, 1), x, x + 1),
    "a range": lambda x, flags: x[:, 1:3],
    "the last ones": lambda x, flags: x[..., -2:],
    "every second": lambda x, flags: x[:, ::2],
    "one": lambda x, flags: x[:, 1],
    "the last one": lambda x, flags: x[..., -1],
    "a new axis": lambda x, flags: x[:, None, 0],
    "some by a table": lambda x, flags: x[:, TABLE] + x[..., TABLE, :],
    "some by a table of two axes": lambda x, flags: x[:, TABLE.view(1, 3), 1:],
    "some by a list, then a range": lambda x, flags: x[:, [0, 2], 1:],
    "a range, then some by a list": lambda x, flags: x[:, 1:, [3, -1, 0]],
    "some by a list of one": lambda x, flags: x[:, [1]],
    "some by a list of lists": lambda x, flags: x[:, [[0, 2], [-1, 1]], ::3],
    "some by a tuple": lambda x, flags: x[:, (2, 0), 1:3],
    "some by numbers in a row": lambda x, flags: x[:, range(2), 1:],
    "some by an array": lambda x, flags: x[..., np.array([3, 1]), None],
    "one, then some": lambda x, flags: x[:, -1, [0, 3]],
    "some, then one": lambda x, flags: x[:, [0, -3], -2],
    "one by a tensor": lambda x, flags: x[:, torch.tensor(2), 1:],
    "one by a numpy number": lambda x, flags: x[:, np.int64(1), 1:],
    "some, after new axes": lambda x, flags: x[:, None, ..., None, [2, 0]],
    "some, around an ellipsis": lambda x, flags: x[:, [2, 1], ..., 0],
    "lists at two places": lambda x, flags: x[:, [0, 2]][..., [1, 3]],
    "some by a mask": lambda x, flags: x[:, [True, False, True], 1:] + x[:, TABLE < 2, 1:],
    "from the end, in steps": lambda x, flags: x[:, -2:, -4:-1:2],
    "more than there is": lambda x, flags: x[:, -9:9, 1:99],
    "streams by a list": lambda x, flags: x[[0, -1]] + x[0] + x[-1:],
    "all of it": lambda x, flags: x[...][:, :][()],
    "cat": lambda x, flags: torch.cat([x, x + 1], -1),
    "stack": lambda x, flags: torch.stack((x, x + 1), 1),
    "split": lambda x, flags: torch.cat(x.split([1, 3], -1)[::-1], -1),
    "transpose": lambda x, flags: x.transpose(1, -1),
    "unsqueeze": lambda x, flags: x.unsqueeze(-1),
    "flatten": lambda x, flags: x.flatten(1),
    "unflatten": lambda x, flags: x.unflatten(-1, (2, -1)),
    "reshape": lambda x, flags: x.reshape(len(x), 12),
    "view": lambda x, flags: x.view(len(x), 2, 6),
    "in place": lambda x, flags: (x + 1).relu_().add_(x),
    "zeros_like": lambda x, flags: torch.zeros_like(x) + x,
    "contiguous": lambda x, flags: x.transpose(1, 2).contiguous(),
    "dropout": lambda x, flags: F.dropout(x, 0.5, training=False),
}


def given(streams, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(streams, 3, 4, generator=generator)
    return x, torch.arange(streams) % 2 == 0


def written(function, translations=TRANSLATIONS):
    """The function as a model, from an example of two streams."""
    notes = Tape(translations)
    x, flags = given(2)
    notes.input("x", x)
    notes.input("flags", flags)
    with torch.no_grad(), notes:
        output = function(x, flags)
    return notes.graph.model({"output": (notes.value(output), output)})


@pytest.mark.parametrize("streams", [1, 2, 5])
@pytest.mark.parametrize("name", SAID)
@torch.no_grad()
def test_what_is_written_down_does_what_torch_does(name, streams):
    model = written(SAID[name])
    check_model(model, full_check=True)
    x, flags = given(streams, seed=1)
    read = {value.name for value in model.graph.input}
    inputs = {"x": x.numpy(), "flags": flags.numpy()}
    (output,) = ReferenceEvaluator(model).run(None, {name: inputs[name] for name in read})
    torch.testing.assert_close(torch.from_numpy(output), SAID[name](x, flags), rtol=0, atol=1e-5)


def test_every_translation_is_tried():
    tried = set()

    class Watched(dict):
        def __getitem__(self, name):
            tried.add(name)
            return super().__getitem__(name)

    for function in SAID.values():
        written(function, Watched(TRANSLATIONS))
    assert tried == set(TRANSLATIONS)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, flags: x.cumsum(1), "torch's cumsum has no translation"),
        (lambda x, flags: 1 - x, "torch's rsub has no translation"),
        (lambda x, flags: torch.add(x, x, alpha=2), "torch's add can't be put into ONNX so.*alpha"),
        (lambda x, flags: x.split(2, -1)[0], "torch's split can't be put into ONNX so"),
        (lambda x, flags: x[:, TABLE, TABLE], "an index with two lists"),
        (lambda x, flags: x[:, [0, 1], [2, 3]], "an index with two lists"),
        (lambda x, flags: x[:, TABLE, [0, 1, 2]], "an index with two lists"),
        (lambda x, flags: x[[0, 1], :, [2, 3]], "an index with two lists"),
        (lambda x, flags: x[flags], "index or weights that depend on the input"),
        (lambda x, flags: x[:, True], "an index with True"),
        (lambda x, flags: x[:, torch.ones(3, 4) > 0], "an index with"),
        (lambda x, flags: x[:, [torch.tensor(0), 2]], "an index with"),
        (lambda x, flags: x[:, : torch.tensor(2)], "a slice that ends at a tensor"),
        (lambda x, flags: F.linear(x, x[0]), "weights that depend on the input"),
        (lambda x, flags: torch.nn.GRU(4, 4)(x)[0], "torch's gru can't be .* batch_first"),
    ],
)
def test_what_can_not_be_written_down_says_so(function, said):
    with pytest.raises(NotImplementedError, match=said):
        written(function)


def test_what_needs_no_input_and_what_nobody_reads_is_not_written_down():
    model = written(lambda x, flags: x + (WEIGHT @ WEIGHT.T).sum() if (x * 7).shape else x)
    assert [node.op_type for node in model.graph.node] == ["Add", "Identity"]
    assert [value.name for value in model.graph.input] == ["x"]


def test_the_same_thing_is_written_down_once():
    model = written(lambda x, flags: (x + 1) * (x + 1) + WEIGHT[0] * WEIGHT[0].clone())
    assert [node.op_type for node in model.graph.node] == ["Add", "Mul", "Add", "Identity"]
