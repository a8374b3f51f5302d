"""A kill at any instant: what was sealed stays, what was open is recovered or refused."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import episode_factory as made
import killed_process
import pytest

from collector.clock import ManualClock
from collector.episode import folders
from collector.episode.reader import EpisodeReader, find_episodes
from collector.episode.recovery import RecoveryReport, recover
from collector.episode.verification import verify
from collector.episode.video import readable_frames

# Random kills; an endurance run sets more.
KILLS = int(os.environ.get("COLLECTOR_KILLS", "6"))
STEPS = 2


def recovered(root: Path) -> list[RecoveryReport]:
    return recover(root, ManualClock(made.START_NS + 10**9))


def assert_all_sound(root: Path) -> None:
    found = find_episodes(root)
    assert found.partial == ()
    assert folders.unborn_folders(root) == []
    for path in found.sealed:
        assert verify(path) == []
    for path in found.refused:
        assert (path / "REASON.txt").read_text().startswith("Nothing could be recovered")


def test_a_recorder_killed_before_any_of_its_calls(tmp_path: Path) -> None:
    earlier = made.record(tmp_path / "killed", steps=1, rng=random.Random(99))
    shutil.copytree(tmp_path / "killed" / "episodes", tmp_path / "whole" / "episodes")
    told, code = killed_process.record(tmp_path / "whole", STEPS)
    assert code == 0
    calls = int(told[-1].split()[1])
    outcomes = {"interrupted": 0, "success": 0, "refused": 0}
    for kill_at in range(1, calls + 1):
        root = tmp_path / "killed" / str(kill_at)
        shutil.copytree(tmp_path / "killed" / "episodes", root / "episodes")
        told, code = killed_process.record(root, STEPS, kill_at)
        assert code == -signal.SIGKILL
        reports = recovered(root)
        assert_all_sound(root)
        assert len(reports) <= 1
        sealed = find_episodes(root).sealed
        assert Path(earlier.path).name in [path.name for path in sealed]
        if any(line.startswith("sealed") for line in told):
            assert len(sealed) == 2
        for report in reports:
            outcomes[report.outcome or "refused"] += 1
            if report.ok:
                # Every step was sent before sealing began.
                assert report.steps <= STEPS
        assert recovered(root) == []
    # The kills reached each kind of stage.
    assert min(outcomes.values()) > 0


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_recorder_killed_at_random_loses_at_most_the_step_in_hand(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    delay_s = rng.uniform(0.0, 0.012)
    told = killed_process.record_and_kill(
        tmp_path, steps=30, after=rng.randint(0, 12), delay=lambda: time.sleep(delay_s)
    )
    written = [int(line.split()[1]) for line in told if line.startswith("written")]
    reports = recovered(tmp_path)
    assert_all_sound(tmp_path)
    if "sealed" in told:
        return
    if written:
        (report,) = reports
        assert report.ok
        assert report.outcome == "interrupted"
        # Told of once it was on disk; one more may have come after.
        assert max(written) <= report.steps <= max(written) + 1
        with EpisodeReader(report.path) as episode:
            assert episode.attributes["recovered"]
            assert "killed" in episode.attributes["end_reason"]
            assert list(episode.array("is_last"))[-1]
            assert not episode.array("actions")[-1, :6].any()
            assert len(episode.array("raw/arm/stamps")) >= 10 * max(written)


def test_a_recovery_killed_before_any_of_its_calls(tmp_path: Path) -> None:
    def wreck(root: Path) -> int:
        told = killed_process.record_and_kill(root, 30, 5, lambda: None)
        return max(int(line.split()[1]) for line in told)

    wreck(tmp_path / "whole")
    told, _ = killed_process.run_recovery(tmp_path / "whole")
    calls = int(told[-1].split()[1])
    assert calls > 10
    wreck(tmp_path / "original")
    written = 5
    for kill_at in range(1, calls):
        root = tmp_path / str(kill_at)
        shutil.copytree(tmp_path / "original", root)
        _, code = killed_process.run_recovery(root, kill_at)
        assert code == -signal.SIGKILL
        recovered(root)
        assert_all_sound(root)
        (path,) = find_episodes(root).sealed
        with EpisodeReader(path) as episode:
            assert episode.steps >= written
            assert episode.attributes["outcome"] == "interrupted"
            assert len(episode.array("raw/static/stamps")) >= 2 * written


def test_a_disk_that_fills_up_costs_the_attempt_not_the_recorder(tmp_path: Path) -> None:
    told, code = killed_process.record_to_full_disk(tmp_path, steps=40, limit_bytes=2_500_000)
    assert code == 0
    reason, ended, after = told
    assert reason == "the episode could not be written: File too large"
    outcome, steps, path = ended.split(" ", 2)
    assert outcome == "discarded"
    assert 5 < int(steps) < 40
    with EpisodeReader(Path(path)) as episode:
        assert episode.attributes["end_reason"] == reason
    assert after == "success"
    assert_all_sound(tmp_path)


def test_a_living_recorder_is_left_alone(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    made.play(recorder, 3)
    assert recovered(tmp_path) == []
    sealed = recorder.finish("success")
    assert verify(Path(sealed.path)) == []


def orphan(root: Path, steps: int = 5) -> Path:
    """An episode as a kill leaves it."""
    killed_process.record_and_kill(root, 30, steps, lambda: None)
    (path,) = find_episodes(root).partial
    return path


def test_what_is_no_episode_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = orphan(tmp_path)
    (path / "episode.h5").write_bytes(b"not HDF5 at all")
    (report,) = recovered(tmp_path)
    assert not report.ok
    assert "cannot be opened" in report.reason
    (refused,) = find_episodes(tmp_path).refused
    assert report.path == refused
    assert report.reason in (refused / "REASON.txt").read_text()
    assert (refused / "static.mp4").exists()


def test_a_damaged_image_ends_the_episode_before_it(tmp_path: Path) -> None:
    path = orphan(tmp_path, steps=8)
    file = path / "episode.h5"
    with EpisodeReader(path) as episode:
        chunk = episode.file["observations/images/wrist"].id.get_chunk_info(4)
        offset, size = chunk.byte_offset, chunk.size
    with open(file, "r+b") as raw:
        raw.seek(offset)
        raw.write(b"\0" * size)
    (report,) = recovered(tmp_path)
    assert report.ok
    assert report.steps == 4
    assert verify(report.path) == []


def test_a_torn_video_keeps_its_whole_frames(tmp_path: Path) -> None:
    path = orphan(tmp_path, steps=20)
    with open(path / "wrist.mp4", "r+b") as video:
        video.truncate((path / "wrist.mp4").stat().st_size * 2 // 3)
    (path / "static.mp4").write_bytes(b"")
    (report,) = recovered(tmp_path)
    assert report.ok
    assert verify(report.path) == []
    with EpisodeReader(report.path) as episode:
        shown = episode.array("raw/wrist/video_frame")
        assert 0 < shown.max() + 1 < len(shown)
        assert (
            "were lost when the recorder was killed"
            in episode.file["raw/wrist"].attrs["video_note"]
        )
        assert (episode.array("raw/static/video_frame") == -1).all()
    assert not (report.path / "static.mp4").exists()


def test_a_video_ahead_of_its_stamps_is_cut_to_them(tmp_path: Path) -> None:
    path = orphan(tmp_path, steps=5)
    ahead = orphan(tmp_path / "ahead", steps=20)  # the same frames, and more
    shutil.copy(ahead / "wrist.mp4", path / "wrist.mp4")
    with EpisodeReader(path) as episode:
        stamped = int((episode.array("raw/wrist/video_frame") >= 0).sum())
    assert 0 < stamped < readable_frames(path / "wrist.mp4")
    (report,) = recovered(tmp_path)
    assert report.ok
    assert verify(report.path) == []
    assert readable_frames(report.path / "wrist.mp4") == stamped


def test_a_recovery_without_room_leaves_the_orphan_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orphan(tmp_path)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("collector.episode.recovery.complete", full)
        (report,) = recovered(tmp_path)
    assert not report.ok
    assert "No space left on device; free space" in report.reason
    assert path.exists()
    (report,) = recovered(tmp_path)
    assert report.ok
