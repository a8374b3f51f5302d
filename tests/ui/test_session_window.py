"""What the operator sees of a session, and what keys and buttons ask for."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from ui.actions import ActionId
from ui.console_window import ConsoleWindow
from ui.gallery import SIZES, show_any
from ui.sample_sessions import SESSIONS
from ui.theme import DARK, LIGHT


class Time:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def time_ns():
    return Time()


@pytest.fixture
def window(qtbot, time_ns):
    made = ConsoleWindow(LIGHT, monotonic_ns=time_ns)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


@pytest.fixture(scope="module")
def lasting_window(qapp):
    made = ConsoleWindow(LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture
def shown_window(lasting_window):
    """A window that goes from state to state, as it does at a station: only to be looked at."""
    lasting_window.resize(1280, 800)
    lasting_window.show()
    yield lasting_window
    lasting_window.hide()  # two of them would share their keys


@pytest.fixture
def asked(window):
    calls = []
    window.session_asked.connect(calls.append)
    return calls


def show(window, state: str) -> None:
    show_any(window, state)
    for _ in range(3):
        QApplication.processEvents()


def texts(widget: QWidget) -> str:
    """Return what can be read: a label that its parent leaves no room for cannot."""
    labels = widget.findChildren(QLabel)
    return "\n".join(w.text() for w in labels if not w.visibleRegion().isEmpty())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("sign_in", ["SIGNED OUT", "Sign in to begin.", "You may withdraw"]),
        ("sign_in_wrong_pin", ["The PIN of op-07 is wrong"]),
        ("preflight_running", ["PREFLIGHT", "The station is being checked"]),
        ("preflight_refused", ["Wrist camera: calibration", "calibrate it with", "2 to see to"]),
        ("practice_layout", ["LAY OUT", "PRACTICE", "8 of 10, 2 more successes open collection"]),
        ("practice_ready", ["PRACTISE", "Put the red block at x 58 cm"]),
        ("practice_recording", ["RECORDING", "This attempt", "1.24 m"]),
        ("practice_card", ["The last attempt", "go straight to the object", "path (0.97 m)"]),
        ("fell_back", ["goes back to practice"]),
        ("collection_ready", ["READY", "COLLECTION", "4 of 12 in this block"]),
        ("armed", ["ARMED", "as soon as the last one is saved"]),
        ("countdown", ["GET READY"]),
        ("collection_recording", ["RECORDING", "step 47 of at most 150", "0:09"]),
        ("deciding", ["DECIDE", "Say how it went"]),
        ("refused", ["No attempt waits for a label"]),
        ("paused", ["PAUSED", "Press Start to go on."]),
        ("fault", ["FAULT", "check its power and its cable", "See to the fault"]),
        ("arm_stopped", ["ARM STOPPED"]),
        ("session_lost", ["SESSION LOST", "The session is not heard."]),
        ("summary", ["Session of op-07 is over", "85%", "contradicted"]),
        ("summary_long", ["245", "5 h 59 min", "3 labelled successes are contradicted"]),
        ("summary_empty", ["Session of op-07 is over", "0 of 0 succeeded"]),
    ],
)
def test_each_state_says_what_it_is_and_what_to_do(shown_window, state, words):
    window = shown_window
    show(window, state)
    shown = texts(window)
    for word in words:
        assert word in shown


@pytest.mark.parametrize("size", [*SIZES, QSize(1180, 720)], ids=lambda s: f"{s.width()}")
@pytest.mark.parametrize("state", list(SESSIONS))
def test_nothing_is_pushed_out_of_the_window_or_over_its_neighbour(shown_window, state, size):
    window = shown_window
    window.resize(size)
    show(window, state)
    assert window.size() == size
    parts = [
        window.banner,
        *window.cameras.values(),
        window.task,
        window.preflight,
        window.notice,
        window.teleop,
        *window.plan.cells,
        *window.operator.buttons,
        *window.health.cells,
        *window.commands.buttons.values(),
        window.arm,
        window.sign_in,
        window.summary,
    ]
    shown = [part for part in parts if part.isVisible()]
    areas = [part.rect().translated(part.mapTo(window, part.rect().topLeft())) for part in shown]
    for area in areas:
        assert window.rect().contains(area)
    for one, other in itertools.combinations(areas, 2):
        assert not one.intersects(other)


@pytest.mark.parametrize("state", ["practice_card", "session_long_names", "fell_back"])
def test_the_task_shows_whole_lines_whatever_the_texts(shown_window, state):
    window = shown_window
    show(window, "practice_recording")
    show(window, state)
    panel = window.task
    inside = [w for w in panel.findChildren(QLabel) if w.isVisible() and w.parent() is panel]
    for label in inside:
        assert label.geometry().bottom() <= panel.height()
        assert label.height() >= label.fontMetrics().height()
    for one, other in itertools.combinations([*inside, panel.feedback], 2):
        assert not one.geometry().intersects(other.geometry()) or not panel.feedback.isVisible()


def test_everything_that_can_be_reached_has_a_name_for_screen_readers(window):
    for state in SESSIONS:
        show(window, state)
        for widget in window.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                assert widget.accessibleName(), (state, widget)


@pytest.mark.parametrize("state", ["collection_ready", "preflight_refused", "sign_in", "summary"])
def test_tab_reaches_everything_that_is_there_and_returns(window, qtbot, state):
    show(window, state)
    first = window.focusWidget()
    reached = [first]
    while True:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() is first:
            break
        reached.append(window.focusWidget())
        assert len(reached) < 60
    tabbed = Qt.FocusPolicy.TabFocus
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & tabbed:
            assert widget in reached, widget


class WindowsThatOpen(QObject):
    """Remembers every window that is shown."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.seen: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            self.seen += [watched] if watched.isWindow() else []
        return False


def test_no_state_opens_a_window_of_its_own_nor_takes_the_keys_away(window):
    opened = WindowsThatOpen(window)
    QApplication.instance().installEventFilter(opened)
    for state in SESSIONS:
        show(window, state)
        assert QApplication.activeWindow() is window, state
    assert opened.seen == []


def test_return_presses_the_button_that_has_the_focus(window, asked, qtbot):
    show(window, "collection_ready")
    button = window.operator.sign_out_button
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    button = window.commands.buttons[ActionId.START_STOP]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert [call.request for call in asked] == ["sign_out", "start_stop"]


def test_the_targets_of_the_commands_are_large(window):
    show(window, "collection_ready")
    for button in (*window.commands.buttons.values(), window.arm.stop_button):
        assert button.height() >= 64
        assert button.width() >= 64
    show(window, "sign_in")
    for key in window.sign_in.keys:
        assert min(key.width(), key.height()) >= 64


def test_recording_frames_the_whole_window_in_red(window):
    show(window, "collection_ready")
    corner = window.grab().toImage().pixelColor(3, window.height() - 3)
    show(window, "collection_recording")
    red = window.grab().toImage().pixelColor(3, window.height() - 3)
    assert corner != red
    assert red.red() > 2 * max(red.green(), red.blue())


def test_practice_and_collection_do_not_look_alike(window):
    pictures = []
    for state in ("practice_recording", "collection_recording"):
        show(window, state)
        edge = window.banner.grab().toImage().copy(0, window.banner.height() - 8, 400, 8)
        pictures.append(edge)
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize(
    ("key", "request_name"),
    [(Qt.Key.Key_R, "start_stop"), (Qt.Key.Key_Y, "success"), (Qt.Key.Key_Backspace, "discard")],
)
def test_a_key_works_wherever_the_focus_is(window, asked, qtbot, time_ns, key, request_name):
    show(window, "collection_ready")
    buttons = [window.arm.stop_button, *window.commands.buttons.values(), window.health.cells[0]]
    for widget in (*buttons, window.operator.help_button):
        time_ns.now_ns += 1_000_000_000
        widget.setFocus()
        qtbot.keyClick(widget, key)
    assert {call.request for call in asked} == {request_name}
    assert len(asked) == len(buttons) + 1


def test_a_key_is_text_in_a_text_field(window, asked, qtbot):
    show(window, "sign_in")
    field = window.sign_in.operator
    assert isinstance(window.focusWidget(), QLineEdit)
    qtbot.keyClicks(field, "ryn p?")
    assert field.text() == "ryn p?"
    assert asked == []
    assert not window.help.isVisible()


def test_a_bouncing_pedal_asks_once(window, asked, qtbot, time_ns):
    show(window, "collection_recording")
    for after_ns in (0, 40_000_000, 80_000_000, 200_000_000):
        time_ns.now_ns = after_ns
        qtbot.keyClick(window, Qt.Key.Key_F14)
    assert [call.request for call in asked] == ["success", "success"]


def test_a_gamepads_buttons_are_the_same_commands(window, asked):
    show(window, "collection_ready")
    commands = []
    window.command_asked.connect(commands.append)
    for name in ("BTN_START", "BTN_SOUTH", "BTN_EAST", "BTN_WEST", "BTN_TL", "BTN_SELECT"):
        window.press_button(name)
    assert [call.request for call in asked] == ["start_stop", "success", "failure", "discard"]
    assert [command.value for command in commands] == ["stop_arm"]


def test_buttons_on_the_screen_ask_too(window, asked, qtbot, time_ns):
    show(window, "collection_recording")
    for action_id in (ActionId.START_STOP, ActionId.FAILURE):
        button = window.commands.buttons[action_id]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    show(window, "paused")
    qtbot.mouseClick(window.operator.pause_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.operator.sign_out_button, Qt.MouseButton.LeftButton)
    show(window, "preflight_refused")
    qtbot.mouseClick(window.preflight.check_button, Qt.MouseButton.LeftButton)
    assert [call.request for call in asked] == [
        "start_stop",
        "failure",
        "resume",
        "sign_out",
        "check",
    ]


def test_what_would_be_refused_can_be_pressed_to_hear_why(window, asked, qtbot):
    show(window, "collection_ready")
    qtbot.mouseClick(window.commands.buttons[ActionId.SUCCESS], Qt.MouseButton.LeftButton)
    assert [call.request for call in asked] == ["success"]


def test_the_pin_pad_fills_the_pin(window, asked, qtbot):
    show(window, "sign_in")
    page = window.sign_in
    page.operator.setText("op-07")
    keys = {key.text(): key for key in page.keys}
    for text in ("1", "2", "C", "4", "7", "9", "⌫", "1", "1"):
        qtbot.mouseClick(keys[text], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.button, Qt.MouseButton.LeftButton)
    assert [(call.request, call.who, call.pin) for call in asked] == [("sign_in", "op-07", "4711")]
    assert page.pin.echoMode() is QLineEdit.EchoMode.Password


def test_signing_in_without_operator_or_pin_goes_to_what_is_missing(window, asked, qtbot):
    show(window, "sign_in")
    page = window.sign_in
    page.ask()
    assert window.focusWidget() is page.operator
    page.operator.setText("op-07")
    page.ask()
    assert window.focusWidget() is page.pin
    assert asked == []


def test_another_theme_changes_every_part(window):
    for state in ("collection_ready", "preflight_refused", "sign_in", "summary", "fault"):
        window.set_theme(LIGHT)
        show(window, state)
        light = window.grab().toImage()
        window.set_theme(DARK)
        assert window.grab().toImage() != light
