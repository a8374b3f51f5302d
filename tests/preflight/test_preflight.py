import json
from dataclasses import replace
from pathlib import Path

import pytest
from fit_station import (
    DAY_NS,
    FIT,
    LOCKED,
    NOW_NS,
    fit_camera,
    with_arm_stream,
    with_calibration,
    with_camera,
    with_light,
    with_part,
    with_settings,
    with_stream,
)

from collector.clock import NS_PER_MS, NS_PER_S
from collector.preflight.observation import DriftObservation, StationObservation
from collector.preflight.policy import PreflightPolicy
from collector.preflight.run import run_preflight
from collector.station.description import load_station

STATION = Path(__file__).parents[2] / "launch" / "stations" / "simulated.yaml"
SKEW = "camera.static.skew"
STREAM = "camera.static.stream"
LIGHT = "camera.static.light"
SETTINGS = "camera.static.settings"
CALIBRATION = "camera.static.calibration"

NAN = float("nan")

CASES = [
    # stream
    (STREAM, "refused", "has sent no frame", with_camera(stream=None)),
    (STREAM, "refused", "unplugged", with_camera(problem="SN-static is unplugged.")),
    (STREAM, "refused", "silent for 1.5 s", with_stream(age_ns=1500 * NS_PER_MS)),
    (STREAM, "refused", "repeats old frames", with_stream(frozen=150)),
    (STREAM, "refused", "14.0 of 30 Hz", with_stream(rate_hz=14.0)),
    (STREAM, "refused", "nan of 30 Hz", with_stream(rate_hz=NAN)),
    (STREAM, "warning", "26.0 of 30 Hz", with_stream(rate_hz=26.0)),
    (STREAM, "warning", "in the future", with_stream(from_future=3)),
    (STREAM, "warning", "lost 2 and repeated 1", with_stream(dropped=2, frozen=1)),
    # light
    (LIGHT, "refused", "has not been seen", with_camera(light=None)),
    (LIGHT, "refused", "too dark", with_light(median=8.0)),
    (LIGHT, "refused", "too dark", with_light(dark_share=0.8)),
    (LIGHT, "refused", "too bright, 60 %", with_light(bright_share=0.6)),
    (LIGHT, "refused", "too bright", with_light(median=250.0)),
    (LIGHT, "refused", "lens cap", with_light(p5=118.0, p95=122.0)),
    (LIGHT, "warning", "rather dark", with_light(median=35.0)),
    (LIGHT, "warning", "rather bright", with_light(bright_share=0.2)),
    (LIGHT, "warning", "yellow, about 3100 K", with_light(cct_k=3100.0)),
    (LIGHT, "warning", "blue, about 11000 K", with_light(cct_k=11000.0)),
    (LIGHT, "warning", "no colour of light", with_light(cct_k=None)),
    # settings
    (SETTINGS, "warning", "does not tell its settings", with_settings()),
    (
        SETTINGS,
        "warning",
        "chooses its exposure and white balance itself",
        with_settings(LOCKED | {"enable_auto_exposure": 1.0, "enable_auto_white_balance": 1.0}),
    ),
    (
        SETTINGS,
        "warning",
        "(now changing: exposure)",
        with_settings(
            LOCKED | {"enable_auto_exposure": 1.0, "exposure_us": 4000.0},
            LOCKED | {"enable_auto_exposure": 1.0},
        ),
    ),
    (
        SETTINGS,
        "refused",
        "does not hold its exposure",
        with_settings(LOCKED, LOCKED | {"exposure_us": 9000.0}),
    ),
    (SETTINGS, "warning", "not tell its white balance", with_settings({"exposure_us": 8000.0})),
    # calibration
    (CALIBRATION, "refused", "is not calibrated", with_camera(calibration=None)),
    (CALIBRATION, "refused", "no pose", with_calibration(problem="There is no pose in it.")),
    (CALIBRATION, "refused", "calibration is of SN-old", with_calibration(serial="SN-old")),
    (CALIBRATION, "refused", "640 x 480, its calibration", with_calibration(width=1280)),
    (CALIBRATION, "refused", "31.0 days old", with_calibration(date_ns=NOW_NS - 31 * DAY_NS)),
    (CALIBRATION, "refused", "in the future", with_calibration(date_ns=NOW_NS + DAY_NS)),
    (CALIBRATION, "warning", "10.0 days old", with_calibration(date_ns=NOW_NS - 10 * DAY_NS)),
    (CALIBRATION, "warning", "no date", with_calibration(date_ns=None)),
    (CALIBRATION, "warning", "the calibration does not tell", with_calibration(serial="")),
    (CALIBRATION, "warning", "the camera does not tell", with_camera(serial="")),
    # skew and steps
    (SKEW, "refused", "in no step", replace(FIT, synchronizer=None)),
    (SKEW, "refused", "40.0 ms", with_part("synchronizer", skews_ns={"static": (-40_000_000,)})),
    (SKEW, "warning", "25.0 ms", with_part("synchronizer", skews_ns={"static": (25_000_000,)})),
    ("steps", "refused", "No step has come", replace(FIT, synchronizer=None)),
    ("steps", "refused", "Only 3 steps", with_part("synchronizer", steps=3)),
    ("steps", "refused", "last 25 steps, 10", with_part("synchronizer", gaps=10)),
    ("steps", "warning", "last 25 steps, 2", with_part("synchronizer", gaps=2)),
    # arm
    ("arm.reachable", "refused", "does not answer", replace(FIT, arm=None)),
    ("arm.reachable", "refused", "silent for 3.0 s", with_arm_stream(age_ns=3 * NS_PER_S)),
    ("arm.reachable", "refused", "sends nothing", with_part("arm", state="lost")),
    (
        "arm.reachable",
        "refused",
        "is stopped (the pedal was pressed): see",
        with_part("arm", state="stopped", fault="the pedal was pressed."),
    ),
    ("arm.reachable", "refused", "30 of 100 Hz", with_arm_stream(rate_hz=30.0)),
    ("arm.reachable", "refused", "nan of 100 Hz", with_arm_stream(rate_hz=NAN)),
    ("arm.reachable", "warning", "80 of 100 Hz", with_arm_stream(rate_hz=80.0)),
    ("arm.reachable", "warning", "too far", with_part("arm", fault="The command is too far.")),
    ("arm.rest", "refused", "not known", replace(FIT, arm=None)),
    ("arm.rest", "refused", "0.30 rad/s", with_part("arm", largest_joint_velocity=0.3)),
    ("arm.rest", "refused", "nan rad/s", with_part("arm", largest_joint_velocity=NAN)),
    ("arm.rest", "warning", "0.050 rad/s", with_part("arm", largest_joint_velocity=0.05)),
    ("arm.rest", "warning", "gripper is moving", with_part("arm", gripper_in_motion=True)),
    # teleoperation
    ("teleop", "refused", "no teleoperation device", replace(FIT, teleop=None)),
    ("teleop", "refused", "battery", with_part("teleop", problem="Its battery is empty.")),
    ("teleop", "refused", "said nothing yet", with_part("teleop", age_ns=None)),
    ("teleop", "refused", "silent for 2.0 s", with_part("teleop", age_ns=2 * NS_PER_S)),
    ("teleop", "warning", "let go", with_part("teleop", dead_man=True)),
    ("teleop", "warning", "500 ms ago", with_part("teleop", age_ns=500 * NS_PER_MS)),
    # disk
    ("disk", "refused", "cannot be read", replace(FIT, disk=None)),
    ("disk", "refused", "room for 0 attempts", with_part("disk", free_bytes=10**9)),
    ("disk", "refused", "room for 10 attempts", with_part("disk", free_bytes=2_200_000_000)),
    ("disk", "warning", "room for 100 attempts", with_part("disk", free_bytes=4_000_000_000)),
    # clock
    ("clock", "refused", "never set", replace(FIT, now_ns=10**9)),
    (
        "clock",
        "refused",
        "3 days before the newest sealed episode",
        with_part("clock", newest_sealed_ns=NOW_NS + 3 * DAY_NS),
    ),
    ("clock", "refused", "10 min off NTP", with_part("clock", reference_offset_ns=-600 * 10**9)),
    ("clock", "refused", "leapt by 1.5 s", with_part("clock", stepped_ns=-1_500_000_000)),
    ("clock", "warning", "leapt by 40 ms", with_part("clock", stepped_ns=40 * NS_PER_MS)),
    ("clock", "warning", "no second clock", with_part("clock", reference_offset_ns=None)),
    ("clock", "warning", "300 ms off NTP", with_part("clock", reference_offset_ns=300_000_000)),
    # consent
    ("consent", "refused", "Nobody has signed in", replace(FIT, consent=None)),
    ("consent", "refused", "withdrawn", with_part("consent", withdrawn=True)),
    ("consent", "refused", "no consent on file", with_part("consent", on_file=False)),
    ("consent", "refused", "not the one", with_part("consent", document_matches=False)),
    ("consent", "refused", "has expired", with_part("consent", expires_ns=NOW_NS)),
    ("consent", "warning", "in 3 days", with_part("consent", expires_ns=NOW_NS + 3 * DAY_NS)),
]


def test_a_fit_station_passes_with_nothing_to_say():
    report = run_preflight(FIT)
    assert report.passed
    assert [r for r in report.results if r.level != "ok"] == []


@pytest.mark.parametrize(
    ("name", "level", "words", "observation"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES]
)
def test_what_is_wrong_is_named(name, level, words, observation):
    report = run_preflight(observation)
    (result,) = (r for r in report.results if r.name == name)
    assert result.level == level
    assert words in result.sentence
    assert report.passed == (not report.refusals)
    if level == "refused":
        assert not report.passed


@pytest.mark.parametrize("observation", [c[3] for c in CASES], ids=[c[2] for c in CASES])
def test_every_sentence_is_one_and_every_finding_says_what_to_do(observation):
    for result in run_preflight(observation).results:
        assert result.sentence[0].isupper()
        assert result.sentence.endswith(".")
        assert "\n" not in result.sentence
        assert len(result.sentence) < 200
        if result.level != "ok":
            assert ": " in result.sentence


@pytest.mark.parametrize("observation", [c[3] for c in CASES], ids=[c[2] for c in CASES])
def test_the_same_checks_in_the_same_order_whatever_is_wrong(observation):
    names = [r.name for r in run_preflight(FIT).results]
    assert [r.name for r in run_preflight(observation).results] == names
    assert len(set(names)) == len(names)


def test_a_dead_station_is_refused_without_an_error():
    report = run_preflight(StationObservation(now_ns=0, cameras=()))
    assert not report.passed
    refused = {r.name for r in report.refusals}
    assert {
        "camera.static.stream",
        "camera.wrist.stream",
        "arm.rest",
        "teleop",
        "consent",
    } <= refused


def test_cameras_are_reported_in_the_order_of_the_policy():
    turned = replace(FIT, cameras=(fit_camera("third"), *reversed(FIT.cameras)))
    names = [r.name for r in run_preflight(turned).results if r.name.endswith(".stream")]
    assert names == ["camera.static.stream", "camera.wrist.stream", "camera.third.stream"]


def test_a_drawn_camera_needs_no_settings_and_its_calibration_does_not_age():
    drawn = replace(with_calibration(date_ns=None).cameras[0], simulated=True, metadata=())
    report = run_preflight(replace(FIT, cameras=(drawn, FIT.cameras[1])))
    assert [r for r in report.results if r.level != "ok"] == []


def test_a_drawn_camera_with_another_s_calibration_is_refused():
    drawn = replace(with_calibration(serial="SN-old").cameras[0], simulated=True)
    report = run_preflight(replace(FIT, cameras=(drawn, FIT.cameras[1])))
    assert [r.name for r in report.refusals] == [CALIBRATION]


def test_the_policy_of_a_station_is_from_its_description():
    station = load_station(STATION)
    policy = PreflightPolicy.of_station(station)
    assert policy.cameras == ("static", "wrist")
    assert policy.reserve_bytes == station.recording.min_free_gb * 1e9


def test_the_disk_is_judged_by_large_attempts_not_by_average_ones():
    sizes = (10**7,) * 17 + (10**8,) * 3
    report = run_preflight(with_part("disk", attempt_bytes=sizes, free_bytes=3 * 10**9))
    (disk,) = (r for r in report.results if r.name == "disk")
    assert disk.values["attempt_bytes"] == 10**8
    assert disk.values["attempts"] == 10


def test_without_history_the_disk_is_judged_by_the_policy():
    policy = PreflightPolicy(default_attempt_bytes=10**9)
    report = run_preflight(with_part("disk", attempt_bytes=(10**6,) * 4), policy)
    (disk,) = (r for r in report.results if r.name == "disk")
    assert disk.values["attempt_bytes"] == 10**9
    assert disk.values["from_history"] is False


def test_consent_must_cover_what_the_policy_asks_for():
    policy = PreflightPolicy(consent_scope=("recording", "face"))
    (consent,) = (r for r in run_preflight(FIT, policy).results if r.name == "consent")
    assert consent.level == "refused"
    assert "has not agreed to face" in consent.sentence


@pytest.mark.parametrize(
    "limits",
    [
        {"warn_rate": 0.4},
        {"warn_skew_periods": 2.0},
        {"warn_attempts": 5},
        {"warn_median": (10.0, 200.0)},
        {"warn_calibration_age_ns": 60 * DAY_NS},
    ],
)
def test_a_policy_that_warns_after_it_refuses_is_no_policy(limits):
    with pytest.raises(ValueError, match="must"):
        PreflightPolicy(**limits)


def test_a_report_goes_into_json():
    values = json.loads(json.dumps(run_preflight(FIT).as_dict()))
    assert values["passed"] is True
    assert values["results"][0]["name"] == "consent"


@pytest.mark.parametrize(
    ("drift", "level", "words"),
    [
        (None, "ok", "is not watched"),
        (DriftObservation("ok", "It stands.", 0.2), "ok", "It stands."),
        (DriftObservation("warning", "Clear its view."), "warning", "Clear its view."),
        (DriftObservation("error", "It was moved.", 2.4), "refused", "It was moved."),
    ],
)
def test_a_camera_that_was_moved_is_refused(
    drift: DriftObservation | None, level: str, words: str
) -> None:
    report = run_preflight(with_camera(drift=drift))
    found = next(r for r in report.results if r.name == "camera.static.place")
    assert found.level == level
    assert words in found.sentence
