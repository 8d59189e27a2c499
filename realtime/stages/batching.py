"""One net for everyone in view: a batch of people, each with a state of their own."""

from collections.abc import Mapping

import numpy as np
import torch

from ...gast.streaming import State, Streaming, join, take


class Streams:
    """Steps a streaming net, in evaluation mode, for all people of a frame in one batch.

    An absent person's state is dropped after `patience_s` of stream time. States are split and
    joined only when somebody comes, goes or comes back.
    """

    def __init__(
        self, net: Streaming, *, patience_s: float, device: torch.device | None = None
    ) -> None:
        self.net, self.patience_s = net, patience_s
        self.device = device or torch.device("cpu")
        self.reset()

    def reset(self) -> None:
        """Drop all states."""
        self._batch: tuple[int, ...] = ()
        self._state: State = None
        self._absent: dict[int, State] = {}
        self._seen_s: dict[int, float] = {}

    @property
    def remembered(self) -> frozenset[int]:
        """Track ids that have a state."""
        return frozenset(self._seen_s)

    @torch.inference_mode()
    def step(self, inputs: Mapping[int, np.ndarray], time_s: float) -> dict[int, np.ndarray]:
        """Output for each track id, given one more sample (J, C) each at stream time `time_s`."""
        self._forget(time_s)
        if not inputs:
            return {}
        known = tuple(track for track in inputs if track in self._seen_s)
        new = tuple(track for track in inputs if track not in self._seen_s)
        self._rebatch(known)
        groups = [(known, self._state)] * bool(known) + [(new, None)] * bool(new)
        outputs: dict[int, np.ndarray] = {}
        states = []
        for tracks, state in groups:
            frame = torch.from_numpy(np.stack([inputs[t] for t in tracks])).to(self.device)
            result, state = self.net.step(frame, state)
            states.append(state)
            outputs.update(zip(tracks, result.cpu().numpy(), strict=True))
        self._batch, self._state = known + new, states[0] if len(states) == 1 else join(states)
        self._seen_s.update(dict.fromkeys(inputs, time_s))
        return outputs

    def _forget(self, time_s: float) -> None:
        late = {t for t, seen_s in self._seen_s.items() if time_s - seen_s > self.patience_s}
        for track in late:
            del self._seen_s[track]
            self._absent.pop(track, None)

    def _rebatch(self, tracks: tuple[int, ...]) -> None:
        """Make `tracks` the batch, and store the others' states one by one."""
        if tracks == self._batch:
            return
        for row, track in enumerate(self._batch):
            if track in self._seen_s:
                self._absent[track] = take(self._state, [row])
        states = [self._absent.pop(track) for track in tracks]
        self._batch, self._state = tracks, join(states) if states else None
