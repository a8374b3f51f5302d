"""Keys move the arm while they are held, and only then."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ui.keyboard_teleop import AXES, GRIPPER_HOLD_NS, SPEEDS, KeyboardTeleop
from ui.teleop_keys import TeleopKeys


@pytest.fixture
def teleop():
    made = KeyboardTeleop()
    made.toggle()
    return made


def twist(command) -> tuple[float, ...]:
    return (*command.linear, *command.angular)


def test_it_is_off_until_it_is_switched_on():
    made = KeyboardTeleop()
    assert not made.press("W", 0)
    assert made.command(0) is None


def test_nothing_held_is_silence(teleop):
    assert teleop.command(0) is None


@pytest.mark.parametrize(("key", "axis", "sign"), [(k, a, s) for k, (a, s) in AXES.items()])
def test_each_key_moves_along_one_axis(teleop, key, axis, sign):
    teleop.press(key, 0)
    expected = [0.0] * 6
    expected[axis] = sign * SPEEDS[teleop.speed][axis // 3]
    assert twist(teleop.command(0)) == tuple(expected)


def test_keys_add_up_and_opposite_ones_cancel(teleop):
    for key in ("W", "Q", "A", "D"):
        teleop.press(key, 0)
    assert teleop.command(0).linear == (0.08, 0.0, 0.08)


def test_releasing_everything_sends_one_stop_and_then_nothing(teleop):
    teleop.press("W", 0)
    assert twist(teleop.command(0)) != (0,) * 6
    teleop.release("W")
    assert twist(teleop.command(1)) == (0,) * 6
    assert teleop.command(2) is None


def test_switching_off_lets_go(teleop):
    teleop.press("W", 0)
    teleop.command(0)
    teleop.toggle()
    assert twist(teleop.command(1)) == (0,) * 6
    assert teleop.command(2) is None
    teleop.toggle()
    assert teleop.command(3) is None


def test_the_steps_of_speed_stay_within_the_arms_limits(teleop):
    teleop.press("W", 0)
    speeds = []
    for key in "1234":
        teleop.press(key, 0)
        speeds.append(teleop.command(0).linear[0])
    assert speeds == sorted(set(speeds))
    assert speeds[-1] <= 0.5
    assert max(angular for _, angular in SPEEDS) <= 2.5


def test_the_gripper_holds_the_dead_man_for_a_moment_without_moving_the_arm(teleop):
    teleop.press("G", 0)
    command = teleop.command(GRIPPER_HOLD_NS // 2)
    assert (twist(command), command.gripper) == ((0,) * 6, 1.0)
    assert teleop.command(GRIPPER_HOLD_NS + 1) is not None  # the one stop
    assert teleop.command(GRIPPER_HOLD_NS + 2) is None
    teleop.press("G", GRIPPER_HOLD_NS + 3)
    assert teleop.command(GRIPPER_HOLD_NS + 4).gripper == 0.0


# The keys of a window


class Rig:
    def __init__(self, qtbot) -> None:
        self.window = QWidget()
        self.button, self.field = QPushButton("x"), QLineEdit()
        column = QVBoxLayout(self.window)
        column.addWidget(self.button)
        column.addWidget(self.field)
        qtbot.addWidget(self.window)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.sent = []
        self.teleop = KeyboardTeleop()
        self.keys = TeleopKeys(self.teleop, self.window, self.sent.append, lambda: 0)
        self.window.activateWindow()
        self.button.setFocus()
        QApplication.processEvents()
        self.keys.toggle()

    def moving(self) -> bool:
        return bool(self.teleop.held)


@pytest.fixture
def rig(qtbot):
    return Rig(qtbot)


def test_a_held_key_is_sent_at_once_and_again_until_it_is_released(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    assert rig.sent[0].linear == (0.08, 0.0, 0.0)
    qtbot.waitUntil(lambda: len(rig.sent) >= 4)
    qtbot.keyRelease(rig.button, Qt.Key.Key_W)
    count = len(rig.sent)
    assert rig.sent[-1].linear == (0.0, 0.0, 0.0)
    rig.keys.tick()
    assert len(rig.sent) == count


def test_the_keyboards_own_repetition_is_no_release(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        repeated = QKeyEvent(kind, Qt.Key.Key_W, Qt.KeyboardModifier.NoModifier, "w", True)
        QApplication.sendEvent(rig.button, repeated)
    assert rig.moving()


def test_text_fields_keep_their_letters(rig, qtbot):
    rig.field.setFocus()
    qtbot.keyClicks(rig.field, "waq")
    assert rig.field.text() == "waq"
    assert rig.sent == []


def test_going_to_a_text_field_lets_go(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    rig.field.setFocus()
    assert not rig.moving()
    assert rig.sent[-1].linear == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("kind", [QEvent.Type.WindowDeactivate, QEvent.Type.Close])
def test_losing_the_window_lets_go(rig, qtbot, kind):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    QApplication.sendEvent(rig.window, QEvent(kind))
    assert not rig.moving()
    assert rig.sent[-1].linear == (0.0, 0.0, 0.0)


def test_hiding_the_window_lets_go(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    rig.window.hide()
    assert not rig.moving()


def test_keys_with_ctrl_or_alt_are_something_else(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not rig.moving()


def test_a_click_does_not_let_go(rig, qtbot):
    qtbot.keyPress(rig.button, Qt.Key.Key_W)
    qtbot.mouseClick(rig.button, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert rig.moving()
