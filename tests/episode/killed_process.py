"""Processes that are killed with SIGKILL while they record or recover."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import episode_factory as made

from collector.clock import ManualClock
from collector.episode.recovery import recover

# Every change of the file system that the product makes from Python goes through one of
# these; those that HDF5 and FFmpeg make lie between them.
CALLS = ("fsync", "rename", "replace", "pwrite", "unlink", "chmod", "mkdir", "open", "rmdir")

_context = multiprocessing.get_context("forkserver")
# Imported once, so that a process costs a fork.
_context.set_forkserver_preload(
    ["collector.episode.recorder", "collector.episode.recovery", "scipy.spatial.transform", "cv2"]
)


def _count_calls(kill_at: int | None) -> list[int]:
    """Count calls in this process from now on; SIGKILL it before call number ``kill_at``."""
    count = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return counting

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    return count


def _record(root: Path, steps: int, kill_at: int | None, told: Connection) -> None:
    count = _count_calls(kill_at)
    recorder = made.recorder(root, rng=random.Random(root.name))
    told.send("begun " + recorder.begin(made.GOAL))
    made.play(recorder, steps)
    sealed = recorder.finish("success")
    told.send(f"sealed {sealed.digest}")
    told.send(f"calls {count[0]}")


def _record_slowly(root: Path, steps: int, told: Connection) -> None:
    recorder = made.recorder(root, rng=random.Random(root.name))
    recorder.begin(made.GOAL)
    for event in made.events(steps):
        if event.kind == "arm":
            recorder.add_arm_sample(event.value)
        elif event.kind == "frame":
            recorder.add_frame(event.value[0], event.value[1], event.stamp_ns)
        else:
            recorder.add_step(event.value)
            while recorder.progress().steps <= event.value.index:
                pass
            told.send(f"written {event.value.index + 1}")
    recorder.finish("success")
    told.send("sealed")


def _recover(root: Path, kill_at: int | None, told: Connection) -> None:
    count = _count_calls(kill_at)
    recover(root, ManualClock(made.START_NS))
    told.send(f"calls {count[0]}")


def _record_to_full_disk(root: Path, steps: int, limit_bytes: int, told: Connection) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    recorder = made.recorder(root)
    recorder.begin(made.GOAL)
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, most))
    made.play(recorder, steps)
    while (reason := recorder.watch(made.START_NS)) is None:
        pass
    told.send(reason)
    sealed = recorder.discard(reason)
    told.send(f"{sealed.outcome} {sealed.steps} {sealed.path}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    recorder.begin(made.GOAL)
    made.play(recorder, 2)
    told.send(recorder.finish("success").outcome)


def _run(target: Callable[..., None], *args: Any) -> tuple[list[str], int]:
    """Run ``target`` in a process of its own; return what it told and its exit code."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=target, args=(*args, theirs))
    process.start()
    theirs.close()
    told = _listen(ours)
    process.join()
    return told, process.exitcode or 0


def _listen(pipe: Connection) -> list[str]:
    told = []
    try:
        while True:
            told.append(pipe.recv())
    except EOFError:
        return told


def record(root: Path, steps: int, kill_at: int | None = None) -> tuple[list[str], int]:
    """Record and seal an episode; killed before call ``kill_at``, counted from the start."""
    return _run(_record, root, steps, kill_at)


def record_to_full_disk(root: Path, steps: int, limit_bytes: int) -> tuple[list[str], int]:
    """Record where no file may outgrow ``limit_bytes``, then once more where it may."""
    return _run(_record_to_full_disk, root, steps, limit_bytes)


def run_recovery(root: Path, kill_at: int | None = None) -> tuple[list[str], int]:
    """Recover a root; killed before call ``kill_at``."""
    return _run(_recover, root, kill_at)


def record_and_kill(root: Path, steps: int, after: int, delay: Callable[[], None]) -> list[str]:
    """Record; SIGKILL from outside once ``after`` steps are written and ``delay`` returned."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_record_slowly, args=(root, steps, theirs))
    process.start()
    theirs.close()
    told = []
    while len(told) < after:
        told.append(ours.recv())
    delay()
    process.kill()
    told += _listen(ours)
    process.join()
    return told
