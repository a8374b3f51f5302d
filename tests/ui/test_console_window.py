"""What the operator sees and what the keys do."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeySequence
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from ui.actions import ACTIONS, ActionId
from ui.console_window import ConsoleWindow
from ui.gallery import SIZES, THEMES, show_state
from ui.sample_states import LONG, STATES, running
from ui.theme import DARK, LIGHT
from ui.values import Command
from ui.widgets.symbol import Shape, symbol_pixmap
from ui.widgets.text import ElidedLabel


@pytest.fixture
def window(qtbot):
    made = ConsoleWindow(LIGHT)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def asked(window):
    commands = []
    window.command_asked.connect(commands.append)
    return commands


def texts(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


def image_of(widget: QWidget) -> QImage:
    QApplication.processEvents()  # what was laid out anew takes its place
    return widget.grab().toImage()


def most_colourful(image: QImage) -> int:
    """The middle of the picture, where neither frame nor notice is."""
    rows = range(image.height() // 4, image.height() * 2 // 5, 4)
    columns = range(image.width() // 8, image.width() * 7 // 8, 4)
    return max(image.pixelColor(x, y).hslSaturation() for y in rows for x in columns)


# Keys


def test_space_stops_the_arm(window, asked, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert asked == [Command.STOP_ARM]


def test_space_stops_the_arm_even_where_it_would_press_another_button(window, asked, qtbot):
    show_state(window, STATES["stopped"]())
    for button in (window.arm.reset_button, window.operator.help_button):
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Space)
    window.trigger(ActionId.HELP)
    qtbot.keyClick(window.help.close_button, Qt.Key.Key_Space)
    assert asked == [Command.STOP_ARM] * 3
    assert window.help.isVisible()


def test_escape_closes_the_help_and_nothing_else(window, asked, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.help.isVisible()
    qtbot.keyClick(window.help.close_button, Qt.Key.Key_Escape)
    assert not window.help.isVisible()
    assert asked == []
    assert window.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_F1, Qt.Key.Key_Question])
def test_help_opens_and_closes_with_its_keys_and_its_buttons(window, qtbot, key):
    qtbot.keyClick(window, key)
    assert window.help.isVisible()
    qtbot.keyClick(window, key)
    assert not window.help.isVisible()
    qtbot.mouseClick(window.operator.help_button, Qt.MouseButton.LeftButton)
    assert window.help.isVisible()
    qtbot.mouseClick(window.help.close_button, Qt.MouseButton.LeftButton)
    assert not window.help.isVisible()


def test_the_help_names_every_action_and_every_key_of_the_table(window):
    window.trigger(ActionId.HELP)
    shown = texts(window.help)
    for action in ACTIONS:
        assert action.translated_text() in shown
        assert action.translated_explanation() in shown
        for key in action.keys:
            assert QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) in shown


def test_the_help_leaves_the_state_in_sight_and_the_stop_in_reach(window, asked, qtbot):
    window.trigger(ActionId.HELP)
    assert not window.help.geometry().intersects(window.banner.geometry())
    qtbot.mouseClick(window.arm.stop_button, Qt.MouseButton.LeftButton)
    assert asked == [Command.STOP_ARM]
    assert window.childAt(window.arm.stop_button.mapTo(window, QPoint(9, 9))) is (
        window.arm.stop_button
    )


def test_full_screen_and_back(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()


# Buttons


def test_the_stop_button_is_large_there_always_and_first(window, asked, qtbot):
    for make in STATES.values():
        show_state(window, make())
        assert window.arm.stop_button.isVisible()
        assert window.arm.stop_button.isEnabled()
    assert window.arm.stop_button.height() >= 64
    assert window.focusWidget() is window.arm.stop_button
    qtbot.mouseClick(window.arm.stop_button, Qt.MouseButton.LeftButton)
    assert asked == [Command.STOP_ARM]


def test_the_screen_says_that_its_stop_is_not_the_emergency_stop(window):
    assert "not the" in texts(window.arm)
    assert "hardware emergency stop" in texts(window.arm)


def test_reset_is_there_only_while_the_arm_is_stopped(window, asked, qtbot):
    show_state(window, running())
    assert not window.arm.reset_button.isVisible()
    show_state(window, STATES["stopped"]())
    assert window.arm.reset_button.isVisible()
    window.arm.reset_button.setFocus()
    qtbot.keyClick(window.arm.reset_button, Qt.Key.Key_Return)
    assert asked == [Command.RESET_STOP]
    qtbot.mouseClick(window.arm.reset_button, Qt.MouseButton.LeftButton)
    assert asked == [Command.RESET_STOP] * 2
    show_state(window, running())
    assert not window.arm.reset_button.isVisible()
    assert window.focusWidget() is window.arm.stop_button


def test_tab_reaches_everything_and_returns(window, qtbot):
    show_state(window, STATES["stopped"]())
    reached = [window.focusWidget()]
    while True:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() is reached[0]:
            break
        reached.append(window.focusWidget())
        assert len(reached) < 30
    arm, operator = window.arm, window.operator
    assert reached[:4] == [
        arm.stop_button,
        arm.reset_button,
        operator.teleop_button,
        operator.help_button,
    ]
    assert reached[4:] == window.health.cells


# What is shown


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("waiting", ["WAITING", "collector station", "Not heard yet"]),
        ("ready", ["READY", "29.9 / 30 Hz", "skew\u00a0−7\u00a0ms", "lost\u00a00"]),
        ("recording", ["RECORDING", "0:42", "20261124T142918-sim-01-3f69", "213 steps", "Moving"]),
        ("recording_lost_wrist", ["RECORDING", "Wrist camera: no video.", "9 gaps"]),
        ("recording_cut", ["NOT READY", "fell silent while recording"]),
        ("not_ready", ["NOT READY", "calibrate the static camera first"]),
        ("stopped", ["ARM STOPPED", "Reset the stop once it is safe.", "Stopped"]),
        ("stop_failed", ["NOT STOPPED", "Use the hardware emergency stop."]),
        ("arm_lost", ["NOT READY", "check its power"]),
        ("station_lost", ["STATION LOST", "Nothing heard for 1 min 35 s."]),
    ],
)
def test_each_state_says_what_it_is_and_what_to_do(window, state, words):
    show_state(window, STATES[state]())
    shown = texts(window)
    for word in words:
        assert word in shown


def test_every_state_of_the_banner_differs_in_word_and_in_shape():
    shapes = {shape: symbol_pixmap(shape, QColor("black"), 32, 1.0).toImage() for shape in Shape}
    for one, other in itertools.combinations(Shape, 2):
        assert shapes[one] != shapes[other], (one, other)


def test_a_stale_picture_loses_its_colours_and_tells_its_age(window):
    show_state(window, STATES["recording"]())
    live = image_of(window.cameras["wrist"].picture)
    show_state(window, STATES["recording_stale_wrist"]())
    stale = image_of(window.cameras["wrist"].picture)
    assert most_colourful(live) > 100
    assert most_colourful(stale) < 10
    assert "640 ms old" in window.cameras["wrist"].picture.accessibleDescription()
    assert "live" not in texts(window.cameras["wrist"])


def test_the_newest_picture_wins_and_drawing_it_twice_costs_nothing(window):
    facts = running()
    show_state(window, facts)
    picture = window.cameras["static"].picture
    image_of(picture)
    drawn = picture._drawn
    image_of(picture)
    assert picture._drawn is drawn
    show_state(window, facts)
    image_of(picture)
    assert picture._drawn is drawn


def test_everything_that_can_be_reached_has_a_name_for_screen_readers(window):
    show_state(window, STATES["stopped"]())
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            assert widget.accessibleName(), widget
    assert window.banner.accessibleName() == "Station: ARM STOPPED"
    assert window.cameras["static"].picture.accessibleName() == "Static camera"


@pytest.mark.parametrize("size", [*SIZES, QSize(1180, 720)], ids=lambda s: f"{s.width()}")
@pytest.mark.parametrize("state", list(STATES))
def test_nothing_is_pushed_out_of_the_window_or_over_its_neighbour(window, state, size):
    window.resize(size)
    show_state(window, STATES[state]())
    image_of(window)
    assert window.size() == size
    parts = [window.banner, *window.cameras.values(), *window.health.cells, window.arm]
    areas = [part.rect().translated(part.mapTo(window, part.rect().topLeft())) for part in parts]
    for area in areas:
        assert window.rect().contains(area)
    for one, other in itertools.combinations(areas, 2):
        assert not one.intersects(other)


def test_the_banner_keeps_its_height_so_that_nothing_below_it_moves(window):
    heights = set()
    for make in STATES.values():
        show_state(window, make())
        image_of(window)
        heights.add((window.banner.height(), window.health.height(), window.arm.height()))
    assert len(heights) == 1


def test_a_warning_that_grows_is_shown_whole(window, qtbot):
    show_state(window, STATES["recording_stale_wrist"]())
    plate = window.banner._warning
    image_of(window)
    for text in ("9 gaps", "11 gaps", "Wrist camera: no video.  1234 gaps"):
        plate.show_text(text)
        qtbot.waitUntil(lambda text=text: plate._label.shown_text() == text)


# Texts


def test_a_long_name_is_shortened_and_kept_as_a_tooltip(qtbot):
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.setText(LONG)
    label.resize(100, label.sizeHint().height())
    label.grab()
    assert label.shown_text().endswith("…")
    assert label.toolTip() == LONG


def test_a_sentence_of_several_lines_shows_as_many_as_fit(qtbot):
    label = ElidedLabel(lines=3)
    qtbot.addWidget(label)
    label.setText("one two three four five six seven eight nine ten eleven twelve")
    line = label.fontMetrics().height()
    label.resize(90, 2 * line)
    assert len(label.shown_text().split("\n")) == 2
    assert label.shown_text().endswith("…")
    label.resize(2000, 3 * line)
    assert label.shown_text() == label.text()


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=list(THEMES))
def test_every_text_can_be_read_on_what_is_beneath_it(theme):
    for text, beneath in (
        (theme.text, theme.window),
        (theme.text, theme.surface),
        (theme.muted, theme.window),
        (theme.muted, theme.surface),
        (theme.abnormal, theme.surface),
        (theme.on_strong, theme.strong),
        (theme.on_recording, theme.recording),
        (theme.on_ready, theme.ready),
        (theme.on_alert, theme.alert),
        (theme.on_idle, theme.idle),
    ):
        assert contrast(text, beneath) >= 4.5, (text, beneath)
