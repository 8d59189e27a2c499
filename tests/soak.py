"""Hours of faults: ``python -m gastlive.tests.soak --minutes 120 --cameras 2``.

The live program runs on cameras on the network, with lines, table, video, broker, web server, page
and a viewer. Every minute something fails for 20 seconds. In the end every event must have arrived
everywhere, and memory, threads, files and sockets must be as in the middle. Needs mosquitto; as
root the disk becomes full, too.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

import psutil

from .camera import camera
from .soak_faults import FAULTS, Post, Viewer, World, small_disk
from .test_mqtt import MOSQUITTO, Broker, reading, until

SAMPLE_S = 10.0
MOST_MB = 10.0
SINKS = "jsonl,csv,video,timings,mqtt,webhook,page"


def words(world):
    """The command line of the program."""
    urls = [each.url for each in world.cameras]
    many = ", ".join(f"{{name: camera{i}, url: '{url}'}}" for i, url in enumerate(urls))
    source = (
        ["source=stream", f"source.url={urls[0]}", "source.retry_max_s=4.0"]
        if len(urls) == 1
        else ["source=many", f"sources=[{many}]"]
    )
    return [
        sys.executable, "-m", "gastlive.realtime.live", *source, f"sink=[{SINKS}]",
        f"hydra.run.dir={world.folder}", "sink.page.port=0",
        f"sink.mqtt.port={world.broker.port}", "sink.mqtt.host=127.0.0.1",
        "sink.mqtt.retry_max_s=4.0", "sink.mqtt.close_s=20.0",
        f"sink.mqtt.spool={world.folder}/mqtt.sqlite", "sink.mqtt.topic=gastlive/soak",
        f"sink.webhook.url=http://127.0.0.1:{world.post.port}/in", "sink.webhook.retry_max_s=4.0",
        "sink.webhook.timeout_s=3.0", "sink.webhook.close_s=20.0",
        f"sink.webhook.spool={world.folder}/webhook.sqlite",
    ]  # fmt: skip


@contextmanager
def running(world, *, log):
    """The program, with the address of its page; ended by Ctrl-C."""
    with log.open("w") as lines:
        program = subprocess.Popen(words(world), stdout=lines, stderr=subprocess.STDOUT)
    try:
        yield program
    finally:
        program.send_signal(signal.SIGINT)
        try:
            program.wait(120)
        except subprocess.TimeoutExpired:
            program.kill()


def page_of(log, program):
    """The address of its page."""
    while program.poll() is None:
        for line in log.read_text().splitlines():
            if "the page is at " in line:
                return line.partition("the page is at ")[2]
        time.sleep(0.2)
    raise SystemExit(f"it ended at once:\n{log.read_text()}")


def sample(process, *, begin_s, fault, calm_s):
    """What the program holds now; `calm_s` since the last fault ended."""
    with process.oneshot():
        kinds = Counter(
            "socket" if Path(f"/proc/{process.pid}/fd/{name}").is_socket() else "file"
            for name in _open_files(process)
        )
        return {
            "time_s": round(time.monotonic() - begin_s), "fault": fault, "calm_s": round(calm_s),
            "rss_mb": process.memory_info().rss / 2**20, "own_mb": _own_mb(process),
            "threads": process.num_threads(), "files": kinds["file"], "sockets": kinds["socket"],
        }  # fmt: skip


def _own_mb(process):
    """Memory that no file is behind; its share of libraries depends on who else has them open."""
    with suppress(OSError):
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 2**10
    return 0.0


def _open_files(process):
    with suppress(OSError):
        return [path.name for path in Path(f"/proc/{process.pid}/fd").iterdir()]
    return []


def run(world, program, *, minutes, every_s):
    """Faults one after another, and what the program holds meanwhile."""
    process, begin_s = psutil.Process(program.pid), time.monotonic()
    samples, done, faults = [], Counter(), list(FAULTS)
    if not world.has_small_disk:
        faults.remove("disk full")
    ended_s, next_s, sample_s = begin_s, begin_s + every_s / 2, begin_s
    with ExitStack() as trouble:
        fault = ""
        while (now_s := time.monotonic()) < begin_s + 60 * minutes and program.poll() is None:
            if fault and now_s > ended_s:
                trouble.close()
                fault = ""
            if not fault and now_s > next_s:
                fault = faults[done.total() % len(faults)]
                trouble.enter_context(FAULTS[fault](world))
                done[fault] += 1
                ended_s, next_s = now_s + every_s / 3, next_s + every_s
            if now_s > sample_s:
                sample_s += SAMPLE_S
                calm_s = -1.0 if fault else now_s - ended_s
                samples.append(sample(process, begin_s=begin_s, fault=fault, calm_s=calm_s))
                print(" ".join(f"{k}={v:.5g}" if k != "fault" else f"{v or '-':18}"
                               for k, v in samples[-1].items()), flush=True)  # fmt: skip
            time.sleep(0.1)
    return samples, done


def events_of(records):
    """How often each action is there, whatever ids it was sent with."""
    keys = ("camera", "track", "label", "start_s", "end_s")
    return Counter(tuple(record.get(key) for key in keys) for record in records)


def once(records):
    """Of what was sent several times, the first."""
    return list({record["id"]: record for record in records}.values())


def checks(world, samples, summary, *, lines, sent, posted):
    """Each demand, whether it holds, and the figures."""
    written, by_mqtt, by_post = events_of(lines), events_of(once(sent)), events_of(once(posted))
    lost = summary["sinks"]["jsonl"]["events"]["lost"]
    half = samples[len(samples) // 2 :]
    part = max(len(half) // 4, 1)
    growth = {
        name: median(s[name] for s in half[-part:]) - median(s[name] for s in half[:part])
        for name in ("rss_mb", "own_mb")
    }
    yield (
        "every event reached the broker and the web server",
        by_mqtt == by_post,
        (f"{by_mqtt.total()} and {by_post.total()}"),
    )
    missing = by_mqtt - written
    yield (
        "every event is in the lines, but those that the full disk did not take",
        (not written - by_mqtt and missing.total() == lost),
        f"{written.total()} written, {lost} lost",
    )
    yield (
        f"memory grew by less than {MOST_MB:g} MB in the second half",
        (max(growth.values()) < MOST_MB),
        ", ".join(f"{name} {value:+.1f}" for name, value in growth.items()),
    )
    calm = [s for s in samples if s["calm_s"] >= 5] or samples
    for name in ("threads", "files", "sockets"):
        begin, end = (
            median(s[name] for s in some)
            for some in (calm[len(calm) // 4 : len(calm) // 2] or calm, calm[-len(calm) // 4 :])
        )
        yield f"{name} are as many as before", end - begin <= 1, f"{begin:g} and {end:g}"
    yield (
        "there were events, and a viewer saw frames",
        (bool(written) and world.viewer.frames > 0),
        f"{world.viewer.frames} frames, {world.viewer.connections} connections",
    )


def read_lines(path):
    """Records of ``events.jsonl``, of which every line must be whole."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def main():
    """Run, print a table, write ``soak.json``; the status is 1 if a demand does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--fps", type=float, default=10.0, help="of each camera")
    parser.add_argument("--every", type=float, default=60.0, help="seconds from fault to fault")
    parser.add_argument("--keep", default="outputs/soak", help="folder for figures and log")
    given = parser.parse_args()
    if MOSQUITTO is None:
        raise SystemExit("gastlive: needs a broker; apt-get install mosquitto")
    keep = Path(given.keep)
    keep.mkdir(parents=True, exist_ok=True)
    log = keep / "program.log"
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        broker = Broker(
            folder, "allow_anonymous true", "autosave_on_changes true", "autosave_interval 1"
        )
        broker.start()
        stack.callback(broker.kill)
        disk = stack.enter_context(small_disk(folder / "disk", given.minutes))
        world = World(
            folder=disk.folder / "run", has_small_disk=disk.is_small, broker=broker,
            post=stack.enter_context(Post()),
            cameras=[stack.enter_context(camera(fps=given.fps)) for _ in range(given.cameras)],
        )  # fmt: skip
        reader = stack.enter_context(reading(broker.port))
        with running(world, log=log) as program:
            world.viewer = stack.enter_context(Viewer(page_of(log, program)))
            samples, faults = run(world, program, minutes=given.minutes, every_s=given.every)
            is_alive = program.poll() is None
        summary = json.loads((world.folder / "summary.json").read_text())
        wanted = summary["sinks"]["mqtt"]
        with suppress(AssertionError):
            until(lambda: len(once(_events(reader))) >= wanted["sent"])
        found = [
            ("it ran to the end", is_alive, f"{summary['ended']}, status {program.returncode}"),
            *checks(
                world, samples, summary, lines=read_lines(world.folder / "events.jsonl"),
                sent=_events(reader), posted=world.post.taken,
            ),
            ("nothing was a defect", "Traceback" not in log.read_text(), f"see {log}"),
        ]  # fmt: skip
    content = {"given": vars(given), "faults": faults, "samples": samples, "summary": summary,
               "checks": [list(each) for each in found]}  # fmt: skip
    (keep / "soak.json").write_text(json.dumps(content, indent=1) + "\n")
    print(f"\nfaults: {', '.join(f'{n} {fault}' for fault, n in faults.items())}")
    for demand, holds, figures in found:
        print(f"{'holds ' if holds else 'FAILED'}  {demand}: {figures}")
    raise SystemExit(not all(holds for _, holds, _ in found))


def _events(reader):
    topic = "gastlive/soak/event"
    return [json.loads(text) for at, text in list(reader.got) if at == topic]


if __name__ == "__main__":
    main()
