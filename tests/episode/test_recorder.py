"""What the recorder promises its node."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import episode_factory as made
import h5py
import numpy as np
import pytest

from collector.clock import NS_PER_S, ManualClock
from collector.episode.goal import EpisodeGoal, RecordingError, SealedEpisode
from collector.episode.reader import EpisodeReader, find_episodes, read_summary
from collector.episode.recorder import Limits, Recorder
from collector.episode.verification import verify
from collector.geometry import motion_between
from collector.synchronization.step import CameraStep


def steps_recorded(root: Path, chosen: list, outcome: str = "success") -> SealedEpisode:
    recorder = made.recorder(root)
    recorder.begin(made.GOAL)
    for step in chosen:
        recorder.add_step(step)
    return recorder.finish(outcome)


def without_camera(k: int, name: str, **changes: object) -> object:
    step = made.step(k)
    cameras = tuple(
        CameraStep(name, None, 0, 0) if camera.name == name else camera for camera in step.cameras
    )
    return made.step(k, cameras=cameras, gap_reasons=(f"{name}: no frame",), **changes)


def test_an_episode_holds_what_was_sent(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=8)
    assert (sealed.outcome, sealed.message, sealed.steps, sealed.gaps) == ("success", "", 8, 0)
    with EpisodeReader(Path(sealed.path)) as episode:
        assert episode.instruction == made.GOAL.language_instruction
        assert episode.simulation("layout_json") == made.GOAL.layout_json
        assert int(episode.attributes["layout_seed"]) == made.GOAL.layout_seed
        assert list(episode.array("timestamps/step")) == [
            made.START_NS + k * made.PERIOD_NS for k in range(8)
        ]
        for k in range(8):
            step = made.step(k)
            for camera in step.cameras:
                image = episode.images(camera.name, slice(k, k + 1))[0]
                assert np.array_equal(image, camera.image)
                assert episode.array(f"timestamps/{camera.name}")[k] == camera.stamp_ns
            assert np.array_equal(
                episode.array("observations/target_pose")[k], step.arm.target_pose
            )
        assert len(episode.array("raw/arm/stamps")) == 8 * 10
        assert len(episode.array("raw/static/stamps")) == 8 * 2
        assert list(episode.array("raw/static/video_frame")) == list(range(16))
        assert episode.calibration("wrist") == made.CALIBRATIONS["wrist"]
    assert verify(Path(sealed.path)) == []


def test_plain_h5py_reads_a_sealed_episode(tmp_path: Path) -> None:
    sealed = made.record(tmp_path)
    with h5py.File(Path(sealed.path) / "episode.h5") as file:
        assert file.attrs["success"] == 1
        assert file["actions"].shape == (6, 7)
        assert file["actions"].dtype == np.float32


def test_actions_lead_from_each_target_to_the_next(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=12)
    with EpisodeReader(Path(sealed.path)) as episode:
        actions = episode.array("actions")
        for k in range(11):
            now, after = made.step(k), made.step(k + 1)
            motion = motion_between(now.arm.target_pose, after.arm.target_pose)
            assert np.allclose(actions[k, :6], motion, atol=1e-7)
            assert actions[k, 6] == after.arm.gripper_command
            measured = motion_between(now.arm.ee_pose, after.arm.ee_pose)
            assert np.allclose(episode.array("actions_measured")[k, :6], measured, atol=1e-7)
            assert episode.array("action_clipped")[k] == after.clipped_since_previous
        assert not actions[11, :6].any()
        assert list(np.flatnonzero(episode.array("is_last"))) == [11]


def test_a_missing_image_marks_its_step_and_is_black(tmp_path: Path) -> None:
    chosen = [made.step(0), without_camera(1, "wrist"), made.step(2)]
    sealed = steps_recorded(tmp_path, chosen)
    assert (sealed.outcome, sealed.gaps) == ("success", 1)
    with EpisodeReader(Path(sealed.path)) as episode:
        assert list(episode.array("is_gap")) == [False, True, False]
        assert episode.gap_reasons()[1] == "wrist: no frame"
        assert not episode.images("wrist")[1].any()
        assert episode.images("static")[1].any()
        assert episode.array("actions")[1, :6].any()
    assert verify(Path(sealed.path)) == []


def test_a_frozen_image_is_not_kept_as_if_it_were_new(tmp_path: Path) -> None:
    cameras = (made.step(1).cameras[0], CameraStep("wrist", made.image(0, "wrist"), 5, 0, True))
    chosen = [made.step(0), made.step(1, cameras=cameras), made.step(2)]
    sealed = steps_recorded(tmp_path, chosen)
    with EpisodeReader(Path(sealed.path)) as episode:
        assert list(episode.array("is_gap")) == [False, True, False]
        assert episode.gap_reasons()[1] == "wrist: frozen"
        assert not episode.images("wrist")[1].any()
    assert verify(Path(sealed.path)) == []


@pytest.mark.parametrize("broken", ["absent", "not a number"])
def test_a_missing_arm_leaves_no_motion_on_either_side(tmp_path: Path, broken: str) -> None:
    middle = made.step(2, arm=None, gap_reasons=("arm: no samples",))
    if broken == "not a number":
        middle = made.step(2)
        middle.arm.target_pose[1] = np.nan
    sealed = steps_recorded(tmp_path, [made.step(0), made.step(1), middle, made.step(3)])
    with EpisodeReader(Path(sealed.path)) as episode:
        assert list(episode.array("is_gap")) == [False, True, True, False]
        actions = episode.array("actions")
        assert actions[0, :6].any()
        assert not actions[1:3, :6].any()
        assert np.isnan(episode.array("observations/ee_pose")[2]).all()
    assert sealed.gaps == 2
    assert verify(Path(sealed.path)) == []


def test_missing_steps_become_gaps_and_nothing_is_repeated(tmp_path: Path) -> None:
    sealed = steps_recorded(tmp_path, [made.step(k) for k in (0, 1, 4, 5)])
    assert (sealed.outcome, sealed.steps) == ("success", 6)
    with EpisodeReader(Path(sealed.path)) as episode:
        assert list(episode.array("is_gap")) == [False, True, True, True, False, False]
        assert not episode.images("static")[2:4].any()
        assert np.isnan(episode.array("observations/joint_positions")[2:4]).all()
        assert list(episode.array("timestamps/static")[2:4]) == [0, 0]
    assert verify(Path(sealed.path)) == []


def test_a_second_of_missing_steps_ends_the_attempt(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    for k in (0, 1, 7):
        recorder.add_step(made.step(k))
    assert recorder.watch(made.START_NS) == "5 steps in a row did not arrive"
    sealed = recorder.finish("success")
    assert (sealed.outcome, sealed.steps) == ("discarded", 2)
    assert sealed.message == "5 steps in a row did not arrive"
    assert verify(Path(sealed.path)) == []


def test_a_restarted_grid_goes_on_only_where_it_fits(tmp_path: Path) -> None:
    def restarted(offset_ns: int) -> SealedEpisode:
        start_ns = made.START_NS + 3 * made.PERIOD_NS + offset_ns
        after = made.step(3, index=0, stamp_ns=start_ns, grid_start_ns=start_ns)
        return steps_recorded(tmp_path / str(offset_ns), [made.step(0), made.step(1), after])

    fits = restarted(0)
    assert (fits.outcome, fits.steps, fits.gaps) == ("success", 4, 2)
    assert verify(Path(fits.path)) == []
    shifted = restarted(1)
    assert (shifted.outcome, shifted.steps) == ("discarded", 2)
    assert "grid restarted" in shifted.message


def test_a_repeated_step_is_left_out_and_counted(tmp_path: Path) -> None:
    sealed = steps_recorded(tmp_path, [made.step(k) for k in (0, 1, 1, 0, 2)])
    assert (sealed.outcome, sealed.steps) == ("success", 3)
    with EpisodeReader(Path(sealed.path)) as episode:
        assert episode.attributes["steps_repeated"] == 2


def test_steps_from_before_the_attempt_are_left_out(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path, ManualClock(made.START_NS + made.PERIOD_NS // 2))
    recorder.begin(made.GOAL)
    for k in range(3):
        recorder.add_step(made.step(k))
    sealed = recorder.finish("failure")
    assert sealed.steps == 2
    with EpisodeReader(Path(sealed.path)) as episode:
        assert episode.attributes["success"] == 0


def test_the_last_arm_samples_before_the_attempt_are_kept(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    for before_ms in (900, 200, 100):
        recorder.add_arm_sample(made.arm_sample(made.START_NS - before_ms * 1_000_000))
    recorder.add_frame("static", made.image(0, "static", (48, 64)), made.START_NS - 7)
    recorder.begin(made.GOAL)
    made.play(recorder, 2)
    sealed = recorder.finish("success")
    with EpisodeReader(Path(sealed.path)) as episode:
        stamps = episode.array("raw/arm/stamps") - made.START_NS
        assert stamps[0] == -200_000_000
        assert -900_000_000 not in stamps
        # No video shows what came before; the stamp is there for a later synchronisation.
        assert episode.array("raw/static/video_frame")[0] == -1
    assert verify(Path(sealed.path)) == []


def test_begin_refuses_in_a_sentence(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    with pytest.raises(RecordingError, match="is being recorded: finish or discard it"):
        recorder.begin(made.GOAL)
    recorder.close()

    bare = Recorder(tmp_path, made.STATION, {}, ManualClock())
    with pytest.raises(RecordingError, match="static camera has no calibration: calibrate it"):
        bare.begin(made.GOAL)

    full = made.recorder(tmp_path, free_bytes=lambda path: 1 << 28)
    with pytest.raises(RecordingError, match=r"only 0.3 GB are free .* free space first"):
        full.begin(made.GOAL)

    other = dict(made.CALIBRATIONS)
    other["wrist"] = other["wrist"].model_copy(update={"serial": "SN-9"})
    swapped = Recorder(tmp_path, made.STATION, other, ManualClock())
    with pytest.raises(
        RecordingError, match="wrist camera is SN-wrist, its calibration is of SN-9"
    ):
        swapped.begin(made.GOAL)


def test_a_root_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RecordingError, match="cannot be written"):
        made.recorder(tmp_path / "taken" / "root").begin(made.GOAL)


def test_nothing_can_be_ended_that_was_not_begun(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    with pytest.raises(RecordingError, match="no episode is being recorded"):
        recorder.finish("success")
    with pytest.raises(RecordingError, match="'great' is no label"):
        recorder.finish("great")
    with pytest.raises(RecordingError, match="no camera 'left'"):
        recorder.add_frame("left", made.image(0, "static"), 1)
    recorder.add_step(made.step(0))
    assert recorder.watch(0) is None
    assert recorder.progress().episode_id == ""
    recorder.close()


def test_a_discarded_episode_is_kept_and_says_why(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    made.play(recorder, 3)
    sealed = recorder.discard("the block fell off the table")
    assert (sealed.outcome, sealed.message) == ("discarded", "the block fell off the table")
    summary = read_summary(Path(sealed.path))
    assert (summary.outcome, summary.success) == ("discarded", -1)
    assert summary.end_reason == "the block fell off the table"
    assert verify(Path(sealed.path)) == []


def test_an_episode_without_steps_is_discarded(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    sealed = recorder.finish("success")
    assert (sealed.outcome, sealed.steps, sealed.message) == ("discarded", 0, "no step arrived")
    assert verify(Path(sealed.path)) == []


def test_closing_discards_the_episode_in_hand(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    made.play(recorder, 2)
    recorder.close()
    (path,) = find_episodes(tmp_path).sealed
    assert read_summary(path).end_reason == "the recorder was shut down"


@pytest.mark.parametrize(("known", "success", "stored"), [(True, True, 1), (True, False, 0)])
def test_the_simulators_verdict_stands_beside_the_label(
    tmp_path: Path, known: bool, success: bool, stored: int
) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    made.play(recorder, 2)
    sealed = recorder.finish("unlabelled", known, success, "2.1 cm from its target, 5 cm allowed")
    with EpisodeReader(Path(sealed.path)) as episode:
        assert episode.attributes["success"] == -1
        assert episode.attributes["success_predicate"] == stored
        assert episode.attributes["predicate_explanation"].startswith("2.1 cm")


def test_watch_names_what_is_lost(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    assert recorder.watch(made.START_NS + NS_PER_S) is None
    reason = recorder.watch(made.START_NS + NS_PER_S + 1)
    assert reason == "no step for 1.0 s: the synchronizer sends nothing"
    recorder.add_step(made.step(0))
    for k in range(1, 5):
        recorder.add_step(without_camera(k, "wrist"))
    assert recorder.watch(made.START_NS) is None
    recorder.add_step(without_camera(5, "wrist"))
    assert recorder.watch(made.START_NS) == "the wrist camera was missing for a whole second"
    sealed = recorder.discard(recorder.watch(made.START_NS) or "")
    assert sealed.message == "the wrist camera was missing for a whole second"
    assert (sealed.outcome, sealed.steps) == ("discarded", 6)


def test_watch_names_a_lost_arm_and_a_filling_disk(tmp_path: Path) -> None:
    free = [1 << 40]
    recorder = made.recorder(tmp_path, free_bytes=lambda path: free[0])
    recorder.begin(made.GOAL)
    recorder.add_step(made.step(0))
    free[0] = 1 << 27
    assert recorder.watch(made.START_NS) == (
        "the disk is nearly full, 0.13 GB are left: free space"
    )
    for k in range(1, 6):
        recorder.add_step(made.step(k, arm=None, gap_reasons=("arm: no samples",)))
    assert recorder.watch(made.START_NS) == "the arm was missing for a whole second"
    recorder.close()


def test_a_full_queue_ends_the_attempt_and_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = made.recorder(tmp_path, limits=Limits(queue_steps=3))
    recorder.begin(made.GOAL)
    attempt = recorder._current.attempt
    gate = threading.Event()
    append = attempt.file.append_step

    def slow_disk(step: object) -> None:
        gate.wait(30)
        append(step)

    monkeypatch.setattr(attempt.file, "append_step", slow_disk)
    for k in range(10):  # one in the writer's hand at most, three queued
        recorder.add_step(made.step(k))
    reason = recorder.watch(made.START_NS)
    assert reason is not None
    assert reason.startswith("the disk did not keep up")
    gate.set()
    sealed = recorder.finish("success")
    assert sealed.outcome == "discarded"
    assert sealed.message == reason
    assert 3 <= sealed.steps <= 4
    assert sealed.gaps == 0
    assert verify(Path(sealed.path)) == []


def test_a_step_of_another_shape_ends_the_attempt(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    recorder.add_step(made.step(0))
    small = CameraStep("static", np.zeros((100, 100, 3), np.uint8), made.START_NS, 0)
    recorder.add_step(made.step(1, cameras=(small,)))
    recorder.add_step(made.step(2))
    sealed = recorder.finish("success")
    assert (sealed.outcome, sealed.steps) == ("discarded", 1)
    assert "(100, 100, 3) where the station promises uint8 of shape (224, 224, 3)" in sealed.message
    assert verify(Path(sealed.path)) == []


def test_a_writer_that_fails_costs_no_step_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    attempt = recorder._current.attempt
    append = attempt.file.append_step

    def failing_disk(step: object) -> None:
        if step.index == 4:
            raise OSError(28, "No space left on device")
        append(step)

    monkeypatch.setattr(attempt.file, "append_step", failing_disk)
    for k in range(8):
        recorder.add_step(made.step(k))
    sealed = recorder.finish("success")
    assert (sealed.outcome, sealed.steps) == ("discarded", 4)
    assert "No space left on device" in sealed.message
    assert verify(Path(sealed.path)) == []
    recorder.begin(made.GOAL)
    recorder.close()


def test_ids_sort_by_time_and_never_repeat(tmp_path: Path) -> None:
    clock = ManualClock(made.START_NS)
    ids = []
    for _ in range(4):
        recorder = made.recorder(tmp_path, clock, rng=random.Random(1))  # the same every time
        ids.append(recorder.begin(made.GOAL))
        recorder.close()
    assert len(set(ids)) == 4
    assert all(one.startswith("20261124T135501-sim-1-") for one in ids)
    clock.advance(NS_PER_S)
    recorder = made.recorder(tmp_path, clock)
    assert recorder.begin(made.GOAL) > max(ids)
    recorder.close()


def test_progress_tells_of_the_last_step(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    episode_id = recorder.begin(made.GOAL)
    recorder.add_step(made.step(0))
    progress = recorder.progress()
    assert progress.episode_id == episode_id
    assert progress.skews_ns == {"static": 7_000_000, "wrist": -11_000_000}
    assert progress.bytes > 0
    assert 0 <= progress.queue <= 1
    recorder.close()


def test_an_open_episode_can_be_read_while_it_grows(tmp_path: Path) -> None:
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    recorder.add_step(made.step(0))
    recorder.add_step(made.step(1))
    while recorder.progress().steps < 2:
        pass
    (path,) = find_episodes(tmp_path).partial
    summary = read_summary(path)
    assert (summary.state, summary.steps, summary.outcome) == ("recording", 2, "recording")
    recorder.close()


def test_a_goal_in_any_script_comes_back(tmp_path: Path) -> None:
    goal = EpisodeGoal("t", "t", "practice", "把红色方块放进碗里", "操作员-1", "s")
    recorder = made.recorder(tmp_path)
    recorder.begin(goal)
    recorder.add_step(made.step(0, gap_reasons=("静态相机: " + "没有图像" * 40,)))
    sealed = recorder.finish("success")
    with EpisodeReader(Path(sealed.path)) as episode:
        assert episode.instruction == goal.language_instruction
        assert episode.attributes["collector_id"] == goal.collector_id
        assert episode.gap_reasons()[0].startswith("静态相机: 没有图像")
        assert episode.simulation("layout_json") == ""
    assert verify(Path(sealed.path)) == []
