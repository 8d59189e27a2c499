"""Jobs on the workers of a Ray cluster, or of a Ray that is started here."""

import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from math import ceil
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

from rich.progress import Progress

from ...gast.errors import InputError
from .engine import Done, Job, Make, Worker

_STORE = 80 << 20
"""Bytes of Ray's shared memory: results are a few lines."""
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_worker_niceness": "0",  # else workers wait for everything else that runs on the machine
}
"""Read when Ray is imported or started."""
_WAIT_S = 60.0
_HOPELESS = 5
"""So many files whose workers died, one after the other, and the work ends."""


class OnRay:
    """An `Engine` of Ray actors, each with nets of its own, that take one job at a time.

    No worker is given a job before it has done its last, so nothing piles up. A job whose worker
    dies is given to another; one that `tries` workers died of is reported as failed.

    Args:
        workers: How many; None is as many as there is room for.
        cpus: Cores of each.
        gpus: GPUs of each, also a share such as 0.5.
        address: Of a cluster; None starts a Ray here that ends with the program.
        tries: See above.

    Raises:
        InputError: A number is out of range; in `results`, Ray is not installed or not there.
    """

    def __init__(
        self, *, workers: int | None, cpus: float, gpus: float, address: str | None, tries: int
    ) -> None:
        if workers is not None and workers < 1:
            raise InputError(f"engine.workers={workers}: give 1 or more, or null")
        if cpus <= 0 or gpus < 0:
            raise InputError(
                f"engine.cpus={cpus} engine.gpus={gpus}: give cores above 0, GPUs 0 up"
            )
        if tries < 1:
            raise InputError(f"engine.tries={tries}: give 1 or more")
        self.workers, self.cpus, self.gpus = workers, cpus, gpus
        self.address, self.tries = address, tries

    def results(
        self, make: Make, jobs: Sequence[Job], bars: Progress
    ) -> Generator[Done, None, None]:
        """See `Engine`; progress within a job is not shown."""
        if not jobs:
            return
        with self._connected() as ray:
            room = min(self.workers or self._room(ray), len(jobs))
            crew = _Crew(ray, partial(self._hired, ray, make), jobs, tries=self.tries)
            try:
                yield from crew.results(room)
            finally:
                crew.dismiss()

    def _hired(self, ray: Any, make: Make) -> Any:
        options = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_restarts": 0}
        return ray.remote(Hired).options(**options).remote(make, str(Path.cwd()))

    def _room(self, ray: Any) -> int:
        there = ray.cluster_resources()
        rooms = [there.get("CPU", 0) / self.cpus]
        if self.gpus:
            rooms.append(there.get("GPU", 0) / self.gpus)
        if not (room := int(min(rooms) + 1e-6)):
            raise InputError(
                f"no worker with engine.cpus={self.cpus:g} engine.gpus={self.gpus:g} fits: Ray has "
                f"{there.get('CPU', 0):g} cores and {there.get('GPU', 0):g} GPUs"
            )
        return room

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        os.environ.update(_ENVIRONMENT)
        try:
            import ray
        except ImportError as error:
            raise InputError(
                "engine=ray needs the package ray; install it: pip install 'gastlive[ray]'"
            ) from error
        try:
            with _signals_kept():
                ray.init(log_to_driver=False, logging_level="ERROR", **self._where())
            yield ray
        except ray.exceptions.RayTaskError:
            raise  # a defect in a worker, with its traceback
        except (ray.exceptions.RayError, ConnectionError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError(
                f"engine=ray: {said[0]}; see whether the cluster is there (engine.address="
                f"{self.address or 'null'})"
            ) from error
        finally:
            ray.shutdown()

    def _where(self) -> dict[str, Any]:
        if self.address is not None:
            return {"address": self.address}
        cores = os.cpu_count() or 1
        here = {"address": "local", "include_dashboard": False, "object_store_memory": _STORE}
        return here | {"num_cpus": max(cores, ceil((self.workers or 0) * self.cpus))}


class Hired:
    """The actor: makes a worker where it was started, and does its jobs."""

    def __init__(self, make: Make, folder: str) -> None:
        self._make, self._folder = make, folder
        self._worker: Worker | None = None

    def begin(self) -> None:
        """Load what all jobs need; not in the constructor, whose errors Ray makes its own."""
        with suppress(OSError):  # on a machine without this folder paths have to be absolute
            os.chdir(self._folder)
        self._worker = self._make(Progress(disable=True))

    def do(self, job: Job) -> Done:
        """Do one job."""
        assert self._worker is not None
        return self._worker(job)


class _Crew:
    """Workers and what they are busy with: a job, or None while they begin."""

    def __init__(
        self, ray: Any, hire: Callable[[], Any], jobs: Sequence[Job], *, tries: int
    ) -> None:
        self.ray, self.hire, self.tries = ray, hire, tries
        self.left, self.deaths, self.in_vain = deque(jobs), Counter[str](), 0
        self._busy: dict[Any, tuple[Any, Job | None]] = {}
        self._idle: list[Any] = []

    def results(self, count: int) -> Iterator[Done]:
        """Every job's result once, by so many workers."""
        for _ in range(count):
            self._begin()
        while self.left or any(job for _, job in self._busy.values()):
            for call in self._ready():
                worker, job = self._busy.pop(call)
                result = self._result(call)
                if result is _DIED:
                    yield from self._given_up(worker, job)
                    continue
                self._go_on(worker)
                if job:
                    self.in_vain = 0
                    yield result

    def dismiss(self) -> None:
        """End all workers, whatever they are at."""
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            self._end(worker)

    def _begin(self) -> None:
        worker = self.hire()
        self._busy[worker.begin.remote()] = worker, None

    def _go_on(self, worker: Any) -> None:
        if self.left:
            job = self.left.popleft()
            self._busy[worker.do.remote(job)] = worker, job
        else:
            self._idle.append(worker)

    def _ready(self) -> list[Any]:
        ready, _ = self.ray.wait(list(self._busy), num_returns=1, timeout=_WAIT_S)
        if not ready and not any(job for _, job in self._busy.values()):
            print("waiting for Ray to find room for a worker and start it", flush=True)
        return list(ready)

    def _result(self, call: Any) -> Any:
        """What came of a call; an InputError of the worker is raised as it was there."""
        errors = self.ray.exceptions
        try:
            return self.ray.get(call)
        except errors.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, InputError | OSError) else error from None
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError):
            return _DIED

    def _given_up(self, worker: Any, job: Job | None) -> Iterator[Done]:
        """Another does the job of a worker that died, unless too many have died of it."""
        self._end(worker)  # it may only be out of reach
        self.in_vain += 1
        if self.in_vain > _HOPELESS * self.tries:
            raise InputError(
                f"engine=ray: {self.in_vain} workers died, one after the other; give them more "
                f"memory by fewer of them (engine.workers)"
            )
        if job:
            self.deaths[job.name] += 1
            if self.deaths[job.name] < self.tries:
                print(f"{job.name}: its worker died; another one does it", flush=True)
                self.left.appendleft(job)
            else:
                yield Done(job.name, f"skipped: {self.tries} workers died of it", failed=True)
        if self.left and self._idle:
            self._go_on(self._idle.pop())
        elif self.left:
            self._begin()

    def _end(self, worker: Any) -> None:
        with suppress(Exception):  # it is dead already, or Ray is gone
            self.ray.kill(worker)


_DIED = object()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself; it ends a program here as Ctrl-C does."""
    kept = signal.getsignal(signal.SIGTERM)
    yield
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, kept)
