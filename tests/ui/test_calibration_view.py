"""Where the wizard stands, what it asks for, and what it makes of what it hears."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ui.calibration_figures import Change, Quantity, change, figures, position_sigma_m
from ui.calibration_number_wording import change_words, direction_words, place_words
from ui.calibration_reading import read_figures, read_findings, read_poses
from ui.calibration_signs import NavAction, nav_buttons, sign
from ui.calibration_values import (
    CalibrationEnding,
    CaptureFigures,
    CaptureProgress,
    DecisionAnswer,
    Finding,
    Proposal,
)
from ui.calibration_view import (
    TRANSITIONS,
    Check,
    CheckState,
    Event,
    InForce,
    Square,
    Trouble,
    WizardFacts,
    WizardStep,
)
from ui.calibration_wording import in_force_words, square_words
from ui.sample_calibration_values import TOOL, calibration, corners, poses
from ui.sample_calibrations import CALIBRATIONS
from ui.sample_states import NOW, arm, frame, running
from ui.sign import Tone
from ui.values import Instant

NS_PER_S = 1_000_000_000


def view(facts, station=None, after_s=0.0):
    now = Instant(NOW.monotonic_ns + round(after_s * NS_PER_S), NOW.station_ns)
    return facts.view(now, (station or running()).view(NOW))


def ready(camera="static") -> WizardFacts:
    facts = WizardFacts(camera=camera)
    facts.measured("180.24", 6, "", False)
    facts.person = "Ada"
    facts.calibrator_there = True
    return facts


def capturing(drives=True) -> WizardFacts:
    facts = ready()
    facts.step = WizardStep.PROPOSE
    facts.proposal = Proposal("static", True, "", poses(3))
    facts.begin(facts.make_goal(drives), NOW)
    return facts


# The table


def test_every_step_can_be_left_and_reached():
    assert {step for step, _ in TRANSITIONS} == set(WizardStep)
    assert set(TRANSITIONS.values()) == set(WizardStep)


def test_an_event_that_does_not_belong_to_a_step_changes_nothing():
    facts = WizardFacts()
    assert not facts.go(Event.SOLVED)
    assert facts.step is WizardStep.CHOOSE


# The board's size


@pytest.mark.parametrize(
    ("width", "squares", "ruler", "state"),
    [
        ("", 6, "", Square.EMPTY),
        ("about 18", 6, "", Square.UNREADABLE),
        ("-180", 6, "", Square.UNREADABLE),
        ("nan", 6, "", Square.UNREADABLE),
        ("180", 6, "long", Square.UNREADABLE),
        ("0.5", 6, "", Square.IMPOSSIBLE),
        ("99000", 6, "", Square.IMPOSSIBLE),
        ("151.2", 6, "", Square.UNLIKELY),
        ("180.0", 5, "", Square.UNLIKELY),
        ("180.0", 6, "98.0", Square.RULER_DIFFERS),
        ("180,24 mm", 6, "100.1", Square.GOOD),
        ("268.9", 6, "", Square.GOOD),
    ],
)
def test_what_was_measured_is_understood_or_questioned(width, squares, ruler, state):
    facts = WizardFacts()
    facts.measured(width, squares, ruler, False)
    assert facts.square().state is state
    assert facts.square().usable == (state not in (
        Square.EMPTY, Square.UNREADABLE, Square.IMPOSSIBLE
    ))  # fmt: skip


def test_a_print_that_was_scaled_is_named_and_taken_into_account():
    facts = WizardFacts()
    facts.measured("176.4", 6, "98.0", False)
    assert facts.square().state is Square.GOOD
    assert facts.square().square_m == pytest.approx(0.0294)
    assert "2.0 % too small" in square_words(facts.square())


def test_a_board_that_was_not_measured_is_sent_as_zero_with_a_warning():
    facts = ready()
    facts.measured("", 6, "", True)
    assert facts.square().square_m == 0.0
    assert facts.make_goal(drives=False).square_m == 0.0
    size = next(c for c in view(facts).checks if c.check is Check.SIZE)
    assert size.state is CheckState.WARNING


def test_without_a_name_or_a_size_the_wizard_does_not_go_on():
    facts = ready()
    assert view(facts).can_next
    facts.person = "  "
    assert not view(facts).can_next
    facts.person = "Ada"
    facts.measured("", 6, "", False)
    assert not view(facts).can_next


# Checks


def test_all_in_order_lets_the_wizard_go_on():
    facts = ready()
    facts.step = WizardStep.CHECK
    facts.on_board(corners())
    assert {c.state for c in view(facts).checks} == {CheckState.OK}
    assert view(facts).can_next


@pytest.mark.parametrize("wrong", ["calibrator", "camera", "arm stopped", "arm silent"])
def test_what_is_missing_is_named_and_holds_the_wizard(wrong):
    facts, station = ready(), running()
    facts.step = WizardStep.CHECK
    if wrong == "calibrator":
        facts.calibrator_there = False
    elif wrong == "camera":
        station.on_frame(frame("static", 5.0))
    elif wrong == "arm stopped":
        station.on_arm(arm("stopped"))
    else:
        station.on_arm(arm(age_s=5.0))
    shown = view(facts, station)
    refused = [c.check.value for c in shown.checks if c.state is CheckState.REFUSAL]
    assert refused == [wrong.partition(" ")[0]]
    assert not shown.can_next
    assert sign(shown).tone is Tone.ALERT


def test_a_board_out_of_sight_warns_only_for_the_arm_may_find_it():
    facts = ready()
    facts.step = WizardStep.CHECK
    assert view(facts).can_next
    facts.on_board(corners())
    assert view(facts, after_s=0.5).board is not None
    assert view(facts, after_s=5.0).board is None


def test_only_the_chosen_cameras_board_counts():
    facts = ready("wrist")
    facts.on_board(corners())
    assert view(facts).board is None


# Proposal and capture


def test_another_camera_forgets_the_poses_of_the_first():
    facts = ready()
    facts.on_proposal(Proposal("static", True, "", poses(3)))
    facts.choose("wrist")
    assert facts.proposal is None
    facts.on_proposal(Proposal("static", True, "", poses(3)))  # a late answer
    assert facts.proposal is None


def test_driving_needs_poses_and_the_persons_word():
    facts = ready()
    facts.step = WizardStep.PROPOSE
    assert facts.make_goal(drives=True) is None
    assert facts.make_goal(drives=False).poses == ()
    facts.on_proposal(Proposal("static", True, "", poses(3)))
    assert facts.make_goal(drives=True).poses == poses(3)
    drive = {b.action: b.enabled for b in nav_buttons(view(facts), confirmed=False)}
    assert not drive[NavAction.DRIVE]
    drive = {b.action: b.enabled for b in nav_buttons(view(facts), confirmed=True)}
    assert drive[NavAction.DRIVE]


def test_cancel_is_always_at_hand_while_capturing():
    for name, make in CALIBRATIONS.items():
        sample = make()
        shown = sample.facts.view(NOW, sample.station.view(NOW))
        if shown.step is WizardStep.CAPTURE and shown.trouble is not Trouble.FAILED:
            actions = {b.action: b.enabled for b in nav_buttons(shown, False)}
            assert actions[NavAction.CANCEL] is not sample.facts.cancelling, name


def test_a_cancelled_capture_leads_back_to_the_poses_with_nothing_kept():
    facts = capturing()
    facts.cancel()
    assert view(facts).cancelling
    facts.on_ending(CalibrationEnding(False, "cancelled", cancelled=True), None)
    assert (facts.step, facts.ending, facts.cancelling) == (WizardStep.PROPOSE, None, False)


def test_a_capture_that_ends_without_findings_says_why():
    facts = capturing()
    facts.on_ending(CalibrationEnding(False, "the arm stopped on its way"), None)
    assert facts.step is WizardStep.CAPTURE
    assert view(facts).trouble is Trouble.FAILED
    assert sign(view(facts)).headline == "The arm stopped on its way."
    facts.go(Event.AGAIN)
    assert facts.step is WizardStep.PROPOSE


def test_a_calibrator_that_falls_silent_or_dies_is_told_apart():
    facts = capturing()
    assert view(facts).trouble is None
    assert view(facts, after_s=30.0).trouble is Trouble.SILENT
    facts.calibrator_there = False
    assert view(facts).trouble is Trouble.GONE


def test_solving_may_take_its_time():
    facts = capturing()
    progress = CaptureProgress("solving", 20, "", CaptureFigures(), NOW.monotonic_ns)
    facts.on_progress(progress)
    assert view(facts, after_s=30.0).trouble is None
    facts.on_progress(replace(progress, phase="looking"))
    assert view(facts, after_s=30.0).trouble is Trouble.SILENT


def test_a_stopped_arm_is_named_while_capturing():
    station = running()
    station.on_arm(arm("stopped"))
    assert view(capturing(), station).trouble is Trouble.ARM_STOPPED


# Result and decision


def solved(ok=True, candidate="/c/candidate.yaml") -> WizardFacts:
    facts = capturing()
    finding = Finding("ok" if ok else "refused", "uncertain", "so it is")
    facts.on_ending(
        CalibrationEnding(ok, "", candidate, "/c/report.html", (finding,)),
        InForce("static", calibration()) if candidate else None,
    )
    return facts


def test_a_good_result_is_accepted_with_a_name_alone():
    facts = solved()
    assert view(facts).can_accept
    assert facts.decide(accept=True, name=" ") is None
    call = facts.decide(accept=True, name="Ada")
    assert (call.candidate, call.accept, call.person) == ("/c/candidate.yaml", True, "Ada")
    assert facts.decide(accept=True, name="Ada") is None  # one answer at a time
    facts.on_answer(DecisionAnswer(call, True, "", "/calibration/static.yaml"))
    assert facts.step is WizardStep.DONE


def test_a_refused_result_cannot_be_accepted_and_is_left_without_asking_anybody():
    facts = solved(ok=False, candidate="")
    assert facts.step is WizardStep.RESULT
    assert not view(facts).can_accept
    assert facts.decide(accept=True, name="Ada") is None
    assert facts.step is WizardStep.RESULT
    assert facts.decide(accept=False, name="") is None
    assert facts.step is WizardStep.DONE


def test_an_acceptance_that_fails_stays_at_the_result_and_says_why():
    facts = solved()
    call = facts.decide(accept=True, name="Ada")
    facts.on_answer(DecisionAnswer(call, False, "the disk is full", ""))
    assert facts.step is WizardStep.RESULT
    assert sign(view(facts)).warning == "The disk is full."
    assert view(facts).can_accept


def test_warnings_and_refusals_are_told_from_a_good_result():
    assert sign(view(solved())).tone is Tone.READY
    assert sign(view(solved(ok=False, candidate=""))).tone is Tone.ALERT


# What the calibrator writes


def test_progress_is_read_and_what_cannot_be_read_is_left_out():
    said = {
        "views": [{"name": "001", "residual_px": 0.31}, {"used": False, "residual_px": None}],
        "wanted_views": None,
        "image_coverage": {"counts": [[0, 4], [7, 1]], "share": 0.5, "wanted": [0.25, 0.75]},
        "excitation_rad": [0.1, 0.2, 0.3],
        "sigma_m": 0.001,
    }
    figures = read_figures(json.dumps(said))
    assert figures.coverage == ((0, 4), (7, 1))
    assert figures.wanted_place == (0.25, 0.75)
    assert figures.excitation_rad == (0.1, 0.2, 0.3)
    assert [(v.name, v.residual_px, v.used) for v in figures.views] == [
        ("001", 0.31, True),
        ("2", None, False),
    ]
    assert figures.sigma_rad is None


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", '{"views": 3}', '{"image_coverage": {"counts": [[1], [1, 2]]}}',
     '{"excitation_rad": [1, 2]}', '{"sigma_m": NaN}', '{"excitation_rad": [true, 1, 2]}'],
)  # fmt: skip
def test_progress_that_is_broken_shows_nothing_and_breaks_nothing(text):
    assert read_figures(text) == CaptureFigures()


def test_findings_are_read_worst_first():
    text = json.dumps(
        [{"name": n, "level": n, "sentence": n} for n in ("ok", "refused", "warning")]
    )
    assert [f.level for f in read_findings(text)] == ["refused", "warning", "ok"]
    assert read_findings('{"findings": ' + text + "}") == read_findings(text)
    assert read_findings("") == ()


@pytest.mark.parametrize("text", ["3", '[{"level": "fine"}]', "{", '["ok"]'])
def test_findings_that_cannot_be_read_are_never_taken_for_good(text):
    with pytest.raises(ValueError, match=r".+"):
        read_findings(text)


def test_poses_are_read_and_checked():
    assert read_poses(json.dumps([list(TOOL)])) == (TOOL,)
    for wrong in ([[0, 0, 0]], [[0, 0, 0, 1, 1, 0, 0]], [["x"] * 7], {"a": 1}):
        with pytest.raises(ValueError, match=r"pose"):
            read_poses(json.dumps(wrong))


# Numbers


def test_every_number_has_its_uncertainty_and_the_last_one_beside_it():
    rows = figures(calibration("static", 1.0, 0.002), calibration())
    by = {(row.quantity, row.index): row for row in rows}
    x = by[Quantity.X, 0]
    assert x.value - x.last == pytest.approx(2.0)
    assert x.sigma == pytest.approx(0.24)
    assert x.change_sigmas == pytest.approx(2.0 / math.hypot(0.24, 0.24))
    assert by[Quantity.FX, 0].sigma == pytest.approx(0.6)
    assert by[Quantity.DELAY, 0].value == pytest.approx(21.3)
    assert len(rows) == 6 + 4 + 5 + 1
    assert all(row.sigma is not None for row in rows)


def test_a_moved_camera_is_told_from_noise():
    old = calibration()
    near = change(calibration("static", 1.0, 0.0003), old)
    far = change(calibration("static", 1.0, 0.01), old)
    assert isinstance(near, Change)
    assert far.shift_mm == pytest.approx(10.0)
    assert "was moved" in change_words(far)
    assert "was moved" not in change_words(near)
    assert "nothing to compare" in change_words(change(calibration("wrist"), old))


def test_the_direction_of_a_result_is_said_in_words():
    static, wrist = calibration(), calibration("wrist")
    assert "in the arm's base" in direction_words(static)
    assert "in the gripper's frame" in direction_words(wrist)
    x, y, z = (round(1e3 * v) for v in static.transform[:3])
    assert y < 0 < x
    said = place_words(static)
    assert f"{x} mm in front, {-y} mm to the right, {z} mm above" in said


def test_what_is_in_force_says_age_person_and_uncertainty():
    said = in_force_words(InForce("static", calibration(), age_days=3.2))
    assert "3 days old" in said
    assert "Ada Lovelace" in said
    total = 1e3 * np.sqrt(np.sum(np.square([2.4e-4, 2.1e-4, 2.8e-4])))
    assert f"± {total:.2f} mm" in said
    assert position_sigma_m(calibration()) == pytest.approx(1e-3 * total)
    assert "never calibrated" in in_force_words(InForce("static"))
    assert "changed" in in_force_words(InForce("static", problem="the file was changed"))
