"""One net for everyone in view: people come and go, each keeps a past of their own."""

from collections.abc import Mapping

import numpy as np
import torch

from ...gast.streaming import State, Streaming, join, take


class Streams:
    """Steps a streaming net once for all people of a frame, in one batch.

    Who stays from frame to frame stays in the batch; only when somebody comes, goes or comes back
    are states taken apart and joined.

    Args:
        net: In evaluation mode, on `device`.
        patience_s: Stream time after which an absent person is forgotten, so that two strangers
            never share a past.
        device: Where the net runs.
    """

    def __init__(
        self, net: Streaming, *, patience_s: float, device: torch.device | None = None
    ) -> None:
        self.net, self.patience_s = net, patience_s
        self.device = device or torch.device("cpu")
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._seated: tuple[int, ...] = ()
        self._state: State = None
        self._aside: dict[int, State] = {}
        self._seen_s: dict[int, float] = {}

    @property
    def remembered(self) -> frozenset[int]:
        """Track ids that still have a past."""
        return frozenset(self._seen_s)

    @torch.inference_mode()
    def step(self, inputs: Mapping[int, np.ndarray], time_s: float) -> dict[int, np.ndarray]:
        """One frame of some people.

        Args:
            inputs: (J, C) for each track id.
            time_s: Stream time.

        Returns:
            The net's output for each track id.
        """
        self._forget(time_s)
        if not inputs:
            return {}
        known = tuple(track for track in inputs if track in self._seen_s)
        new = tuple(track for track in inputs if track not in self._seen_s)
        self._seat(known)
        groups = [(known, self._state)] * bool(known) + [(new, None)] * bool(new)
        outputs: dict[int, np.ndarray] = {}
        states = []
        for tracks, state in groups:
            batch = torch.from_numpy(np.stack([inputs[t] for t in tracks])).to(self.device)
            result, state = self.net.step(batch, state)
            states.append(state)
            outputs.update(zip(tracks, result.cpu().numpy(), strict=True))
        self._seated, self._state = known + new, states[0] if len(states) == 1 else join(states)
        self._seen_s.update(dict.fromkeys(inputs, time_s))
        return outputs

    def _forget(self, time_s: float) -> None:
        late = {t for t, seen_s in self._seen_s.items() if time_s - seen_s > self.patience_s}
        for track in late:
            del self._seen_s[track]
            self._aside.pop(track, None)

    def _seat(self, tracks: tuple[int, ...]) -> None:
        """Make `tracks` the batch; the others' states are put aside."""
        if tracks == self._seated:
            return
        for place, track in enumerate(self._seated):
            if track in self._seen_s:
                self._aside[track] = take(self._state, [place])
        states = [self._aside.pop(track) for track in tracks]
        self._seated, self._state = tracks, join(states) if states else None
