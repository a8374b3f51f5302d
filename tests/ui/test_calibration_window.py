"""The wizard's window through all its steps, with plain values."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from ui.calibration_signs import NavAction
from ui.calibration_view import WizardStep
from ui.calibration_window import CalibrationWindow
from ui.gallery import SIZES, show_wizard, wizard_in
from ui.sample_calibrations import CALIBRATIONS
from ui.theme import DARK, LIGHT
from ui.values import Command


@pytest.fixture
def window(qtbot):
    made = CalibrationWindow(LIGHT)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


def texts(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


def shown_buttons(window: CalibrationWindow) -> dict[NavAction, QAbstractButton]:
    return {a: b for a, b in window.nav.buttons.items() if b.isVisible()}


def step_of(state: str) -> WizardStep:
    return CALIBRATIONS[state]().facts.step


@pytest.mark.parametrize("size", SIZES, ids=["small", "large"])
@pytest.mark.parametrize("state", CALIBRATIONS)
def test_every_state_fits_its_window_with_the_stop_in_sight(state, size, qtbot):
    window = wizard_in(state, DARK if size == SIZES[0] else LIGHT, size)
    qtbot.addWidget(window)
    QApplication.processEvents()
    assert window.size() == size
    whole = window.rect()
    stop = window.arm.stop_button
    assert stop.isVisible()
    parts = [stop, window.banner, window.rail, *shown_buttons(window).values()]
    for part in parts:
        place = part.rect().translated(part.mapTo(window, part.rect().topLeft()))
        assert whole.contains(place), part.accessibleName()
    buttons = [*shown_buttons(window).values(), stop]
    for one, other in itertools.pairwise(buttons):
        first = one.rect().translated(one.mapTo(window, one.rect().topLeft()))
        second = other.rect().translated(other.mapTo(window, other.rect().topLeft()))
        assert not first.intersects(second)


def test_all_steps_are_in_the_gallery():
    assert {step_of(state) for state in CALIBRATIONS} == set(WizardStep)


def test_one_window_goes_through_all_states_and_back(window):
    for state in [*CALIBRATIONS, *reversed(CALIBRATIONS)]:
        show_wizard(window, state)
        assert window.rail.accessibleName().endswith(
            {
                WizardStep.CHOOSE: "Camera and board",
                WizardStep.CHECK: "Checks",
                WizardStep.PROPOSE: "Poses",
                WizardStep.CAPTURE: "Capture",
                WizardStep.RESULT: "Result",
                WizardStep.DONE: "Done",
            }[step_of(state)]
        )


@pytest.mark.parametrize("state", CALIBRATIONS)
def test_everything_that_takes_the_focus_has_a_name(state, qtbot):
    window = wizard_in(state, LIGHT, QSize(1280, 800))
    qtbot.addWidget(window)
    for widget in window.findChildren(QWidget):
        if (
            widget.isVisible()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.metaObject().className() != "QScrollBar"
            and not isinstance(widget.parent(), QAbstractButton)
            and not (isinstance(widget, QLineEdit) and widget.objectName() == "qt_spinbox_lineedit")
        ):
            named = widget.accessibleName() or (
                widget.text() if isinstance(widget, QAbstractButton) else ""
            )
            assert named, f"{type(widget).__name__} in {widget.parent()}"


def test_space_stops_the_arm_at_every_step_but_is_typed_into_a_name(window, qtbot):
    asked = []
    window.command_asked.connect(asked.append)
    for number, state in enumerate(("calibration_first", "calibration_moving", "calibration_good")):
        show_wizard(window, state)
        window.arm.stop_button.setFocus()
        qtbot.keyClick(window, Qt.Key.Key_Space)
        assert asked == [Command.STOP_ARM] * (number + 1)
    show_wizard(window, "calibration_first")
    window.choose.person.setFocus()
    window.choose.person.setText("Ada")
    qtbot.keyClicks(window.choose.person, " L")
    assert window.choose.person.text() == "Ada L"
    assert len(asked) == 3


def test_escape_cancels_a_capture_and_does_nothing_elsewhere(window, qtbot):
    asked = []
    window.asked.connect(asked.append)
    show_wizard(window, "calibration_good")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert asked == []
    show_wizard(window, "calibration_moving")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert asked == [NavAction.CANCEL]


def test_enter_presses_the_button_that_has_the_focus(window, qtbot):
    asked = []
    window.asked.connect(asked.append)
    show_wizard(window, "calibration_chosen")
    button = window.nav.buttons[NavAction.NEXT]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert asked == [NavAction.NEXT]


def test_another_way_has_to_be_confirmed_again(window):
    show_wizard(window, "calibration_proposed")
    assert window.allows_driving
    show_wizard(window, "calibration_no_pose")
    show_wizard(window, "calibration_proposed")
    window.propose.confirm.setChecked(True)
    sample = CALIBRATIONS["calibration_proposed"]()
    sample.facts.proposal = type(sample.facts.proposal)(
        "static", True, "", sample.facts.proposal.poses[:9]
    )
    from ui.sample_states import NOW

    station = sample.station.view(NOW)
    window.show_view(sample.facts.view(NOW, station), station)
    assert not window.allows_driving
    assert not window.nav.buttons[NavAction.DRIVE].isEnabled()


def test_a_refused_result_offers_no_acceptance(window):
    show_wizard(window, "calibration_refused")
    assert not window.nav.buttons[NavAction.ACCEPT].isEnabled()
    assert not window.result.name.isVisible()
    assert "one axis" in texts(window)
    show_wizard(window, "calibration_good")
    assert window.nav.buttons[NavAction.ACCEPT].isEnabled()
    assert window.result.name.text() == "Ada Lovelace"


def test_the_result_names_its_direction_and_what_it_cannot_know(window):
    show_wizard(window, "calibration_good")
    said = texts(window)
    assert "T_base_static_optical" in said
    assert "in the arm's base" in said
    assert "cannot know" in said


def test_a_press_on_the_picture_tells_how_far_the_tip_is(window, qtbot):
    show_wizard(window, "calibration_verified")
    page = window.result.verification
    overlay = CALIBRATIONS["calibration_verified"]().overlays()["static"]
    picture = page.views["static"].picture
    QApplication.processEvents()
    area = picture.area()
    at = (
        area.left() + (overlay.tip[0] + 0.5) * area.width() / overlay.width,
        area.top() + (overlay.tip[1] + 0.5) * area.height() / overlay.height,
    )
    qtbot.mouseClick(
        picture,
        Qt.MouseButton.LeftButton,
        pos=picture.rect().topLeft() + type(picture.rect().topLeft())(round(at[0]), round(at[1])),
    )
    assert page.tip_check("static").off_px < overlay.width / area.width()
    page.clear.click()
    assert page.tip_check("static") is None


def test_what_is_typed_of_the_board_is_told_at_once(window):
    entered = []
    window.board_entered.connect(lambda *said: entered.append(said))
    window.choose.width_field.setText("180.2")
    window.choose.as_meant.setChecked(True)
    assert entered == [("180.2", 6, "", False), ("180.2", 6, "", True)]
    assert not window.choose.width_field.isEnabled()


def test_the_tab_order_of_the_first_step_follows_the_page(window, qtbot):
    show_wizard(window, "calibration_chosen")
    window.choose.cards["static"].setFocus()
    page = window.choose
    for expected in (page.person, page.ruler, page.width_field, page.squares):
        for _ in range(2):  # an exclusive group may give the focus to its other card
            qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
            if window.focusWidget() is expected:
                break
        assert window.focusWidget() is expected, expected.accessibleName()
