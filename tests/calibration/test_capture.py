"""Views are taken when they should be, kept, solved again from their folder, and reported."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from painted_rig import GREY, KNOWN, LATE_NS, TRUE, PaintedRig

from calibration.arm_history import ArmHistory
from calibration.covariance import pose_error
from calibration.report import report_figures, report_html, write_report
from calibration.solution import Solution, solve
from calibration.view_folder import CapturedViews, FolderError, load_views, save_views
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS
from collector.geometry import distance, move, pose


@pytest.fixture(scope="module")
def captured() -> tuple[PaintedRig, CapturedViews]:
    rig = PaintedRig(seed=3)
    rig.visit([rig.pose() for _ in range(14)])
    return rig, CapturedViews.of(rig.capture, "wrist", "SIM-1", "Ada", "2026-11-24T17:30:00Z")


@pytest.fixture(scope="module")
def solved(captured: tuple[PaintedRig, CapturedViews]) -> Solution:
    return solve(captured[1], "0.1")


def test_a_view_is_taken_once_board_and_arm_are_still_and_never_twice_of_one_pose() -> None:
    rig = PaintedRig()
    rig.go(rig.at, looks=False)
    moved = rig.go(rig.pose())
    assert all(not seen.taken for seen in moved)
    assert any(seen.sharp and seen.sentence == "Hold still." for seen in moved)
    seen = rig.rest(1.5)
    assert [s.taken for s in seen if s.taken] == ["001"]
    assert not seen[0].taken  # it had moved a moment before
    assert seen[-1].sentence.startswith("This pose was taken")
    view = rig.capture.views[0]
    assert np.array_equal(view.T_base_ee, rig.at)
    assert rig.capture.pictures["001"].shape == (TRUE.height, TRUE.width, 3)


def test_a_board_that_is_not_seen_is_told_and_an_arm_that_is_silent_gives_no_view() -> None:
    rig = PaintedRig()
    empty = np.full((TRUE.height, TRUE.width, 3), GREY, np.uint8)
    seen = rig.capture.look(rig.now_ns, empty)
    assert (seen.sharp, seen.still, seen.taken) == (False, False, "")
    assert "No board" in seen.sentence
    for k in range(10):
        seen = rig.capture.look(rig.now_ns + k * 100 * NS_PER_MS, rig.picture(rig.at))
    assert seen.sharp
    assert "arm says nothing" in seen.sentence
    assert not rig.capture.views
    with pytest.raises(ValueError, match="64 x 48"):
        rig.capture.look(rig.now_ns, np.zeros((48, 64, 3), np.uint8))


def test_a_moving_arm_with_a_board_that_stands_still_in_the_picture_gives_no_view() -> None:
    rig = PaintedRig()
    image = rig.picture(rig.at)
    at = rig.at
    for k in range(300):
        at = move(at, [0.0005, 0, 0, 0, 0, 0])
        rig.capture.arm.add(rig.now_ns + k * 10 * NS_PER_MS, at)
    seen = [rig.capture.look(rig.now_ns + k * 100 * NS_PER_MS, image) for k in range(1, 25)]
    assert seen[-1].still
    assert not rig.capture.views


def test_progress_is_plain_json_and_guidance_leads_to_enough() -> None:
    rig = PaintedRig(seed=1)
    nothing = json.loads(json.dumps(rig.capture.progress()))
    assert nothing["views"] == []
    assert nothing["sigma_m"] is None
    assert rig.capture.guidance()
    facing = rig.pose(tilt_deg=2.0)
    rig.visit([move(facing, [0.03 * k, 0, 0.01 * k, 0, 0, 0]) for k in range(3)])
    assert "aslant" in rig.capture.guidance()  # the views are all alike
    rig.visit([rig.pose() for _ in range(9)], looks=False)
    said = json.loads(json.dumps(rig.capture.progress()))
    assert len(said["views"]) == len(rig.capture.views)
    assert all(view["residual_px"] < 1.0 for view in said["views"])
    assert np.sum(said["image_coverage"]["counts"]) == sum(v["corners"] for v in said["views"])
    assert 0.0 < said["sigma_m"] < 0.01
    assert len(said["excitation_rad"]) == 3


def test_so_many_views_as_were_wanted_are_enough() -> None:
    rig = PaintedRig(seed=2, wanted=4)
    rig.visit([rig.pose() for _ in range(4)], looks=False)
    assert len(rig.capture.views) == 4
    assert rig.capture.enough
    assert rig.capture.guidance() == ""


def test_what_was_captured_gives_lens_place_and_delay_with_honest_uncertainties(
    captured: tuple[PaintedRig, CapturedViews], solved: Solution
) -> None:
    rig, views = captured
    assert len(views.views) >= 12
    assert len(views.moving) >= 40
    assert solved.ok, solved.verdict.text()
    found = solved.calibration
    assert found is not None
    error = pose_error(np.array(found.transform), rig.rig.T_parent_camera)
    sigma = np.sqrt(np.diag(np.array(found.covariance)))
    assert np.linalg.norm(error[:3]) < 1e-3
    assert np.rad2deg(np.linalg.norm(error[3:])) < 0.1
    assert np.all(np.abs(error) < 4.0 * sigma)
    assert found.fx == pytest.approx(TRUE.fx, rel=2e-3)
    assert found.fy == pytest.approx(TRUE.fy, rel=2e-3)
    assert found.delay_s == pytest.approx(LATE_NS / 1e9, abs=2e-3)
    assert found.delay_sigma_s is not None
    assert abs(found.delay_s - LATE_NS / 1e9) < 4.0 * found.delay_sigma_s
    assert (found.camera, found.parent_frame, found.serial) == ("wrist", "ee", "SIM-1")
    assert {f.code for f in found.findings or ()} >= {"uncertainty", "held_out", "lens", "delay"}


def test_a_folder_gives_the_same_calibration_again(
    captured: tuple[PaintedRig, CapturedViews], solved: Solution, tmp_path: Path
) -> None:
    save_views(captured[1], tmp_path / "views")
    again = solve(load_views(tmp_path / "views"), "0.1")
    assert again.calibration is not None
    assert solved.calibration is not None
    one, other = again.calibration, solved.calibration
    np.testing.assert_allclose(one.transform, other.transform, rtol=0, atol=1e-7)
    assert one.fx == pytest.approx(other.fx, abs=1e-4)
    assert one.delay_s == pytest.approx(other.delay_s, abs=1e-6)
    assert one.findings == other.findings
    assert (one.person, one.date, one.board) == (other.person, other.date, one.board)


def test_a_square_measured_anew_scales_the_board(
    captured: tuple[PaintedRig, CapturedViews], tmp_path: Path
) -> None:
    save_views(captured[1], tmp_path)
    wrong = solve(load_views(tmp_path, square_m=0.0312))
    assert not wrong.ok
    assert wrong.verdict.refused


def test_a_folder_that_is_none_or_damaged_is_named(
    captured: tuple[PaintedRig, CapturedViews], tmp_path: Path
) -> None:
    with pytest.raises(FolderError, match=r"capture\.yaml is missing"):
        load_views(tmp_path)
    save_views(captured[1], tmp_path)
    (tmp_path / "pictures" / "002.png").write_bytes(b"")
    with pytest.raises(FolderError, match="is no picture"):
        load_views(tmp_path)
    said = yaml.safe_load((tmp_path / "capture.yaml").read_text())
    del said["board"]
    (tmp_path / "capture.yaml").write_text(yaml.safe_dump(said))
    with pytest.raises(FolderError, match="is damaged"):
        load_views(tmp_path)
    (tmp_path / "capture.yaml").write_text("schema: another\n")
    with pytest.raises(FolderError, match="no description of views"):
        load_views(tmp_path)


def test_too_few_views_and_no_motion_are_said_not_raised(
    captured: tuple[PaintedRig, CapturedViews],
) -> None:
    from dataclasses import replace

    few = solve(replace(captured[1], views=captured[1].views[:2], moving=()))
    assert not few.ok
    assert few.calibration is None
    assert few.verdict.has("too_few_poses")
    still = solve(replace(captured[1], moving=()))
    assert still.delay is None
    assert still.verdict.has("delay")
    assert still.calibration is not None
    assert still.calibration.delay_s == 0.0
    assert still.calibration.delay_sigma_s is None
    assert "refused" in report_html(few).lower()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_names_every_transform_and_needs_nothing_else(
    solved: Solution, tmp_path: Path
) -> None:
    assert solved.calibration is not None
    before = solved.calibration.model_copy(
        update={"transform": (0.07, 0.0, -0.085, 0.0, 0.0, 0.0, 1.0), "name": "the one <before>"}
    )
    write_report(solved, tmp_path / "report.html", before)
    page = _Page()
    page.feed((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert len(page.sources) == 5
    for word in ("T_ee_wrist_optical", "T_wrist_optical_ee", "T_base_board", "joint"):
        assert word in page.text
    assert "the one <before>" in page.text
    assert {"frames", "residuals", "vectors", "coverage", "held_out"} == set(report_figures(solved))


def test_the_arm_s_pose_at_an_image_is_interpolated_and_gaps_are_none() -> None:
    arm = ArmHistory()
    a, b = pose([0.5, 0.0, 0.4]), pose([0.51, 0.0, 0.4], [0.0, 0.0, 0.1, 0.995])
    arm.add(0, a)
    arm.add(20 * NS_PER_MS, b)
    arm.add(10 * NS_PER_MS, a)  # late: left out
    arm.add(200 * NS_PER_MS, b)
    middle = arm.at(10 * NS_PER_MS)
    assert middle is not None
    np.testing.assert_allclose(middle[:3], [0.505, 0.0, 0.4])
    assert distance(middle, a)[1] == pytest.approx(distance(a, b)[1] / 2)
    assert arm.at(100 * NS_PER_MS) is None
    assert arm.at(-1) is None
    assert arm.at(201 * NS_PER_MS) is None
    assert len(arm) == 3


def test_the_intrinsics_to_start_from_are_kept(captured: tuple[PaintedRig, CapturedViews]) -> None:
    assert captured[1].intrinsics == KNOWN
    assert isinstance(captured[1].views[0].stamp_ns, int)
    assert CameraCalibration.model_fields["delay_sigma_s"].default is None
