"""Every state of the window, without a station: `python -m ui.gallery [--save DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui import theme as themes
from ui.actions import ActionId
from ui.calibration_window import CalibrationWindow
from ui.console_window import ConsoleWindow
from ui.keyboard_teleop import TeleopView
from ui.layout_projection import overlay
from ui.sample_calibrations import CALIBRATIONS
from ui.sample_sessions import SESSIONS, SampleSession
from ui.sample_states import NOW, STATES
from ui.sample_status import camera_model, camera_pose
from ui.session_view import Page, SessionBanner, SessionView
from ui.session_wording import sign
from ui.station_view import CellView, StationFacts
from ui.theme import DARK, LIGHT, Theme
from ui.widgets.arm_panel import ArmPanel
from ui.widgets.banner import Banner
from ui.widgets.camera_view import CameraView
from ui.widgets.health_strip import HealthCell

SIZES = (QSize(1280, 800), QSize(1920, 1080))
THEMES = {"light": LIGHT, "dark": DARK}


def show_state(window: ConsoleWindow, facts: StationFacts) -> None:
    """Show a station without a session in a window as the console would."""
    for frame in facts.frames.values():
        window.show_frame(frame)
    window.show_layout(None)
    window.show_teleop(TeleopView())
    window.show_view(facts.view(NOW), SessionView(Page.WATCH, SessionBanner()))


def show_session(window: ConsoleWindow, sample: SampleSession) -> None:
    """Show a station and the session on it as the console would."""
    for frame in sample.station.frames.values():
        window.show_frame(frame)
    station = sample.station.view(NOW)
    session = sample.session.view(NOW, station)
    plan = session.layout
    window.show_layout(overlay(plan, camera_model(), camera_pose()) if plan else None)
    window.show_view(station, session)
    held = sample.teleop
    teleop = TeleopView(held is not None, held or (), 1, sample.gripper_closed, sample.listeners)
    window.show_teleop(teleop)


def show_any(window: ConsoleWindow, state: str) -> None:
    """Show a state of ``STATES`` or ``SESSIONS``."""
    if state in SESSIONS:
        show_session(window, SESSIONS[state]())
    else:
        show_state(window, STATES[state]())


def show_wizard(window: CalibrationWindow, state: str) -> None:
    """Show a state of ``CALIBRATIONS`` as the wizard would."""
    sample = CALIBRATIONS[state]()
    station = sample.station.view(NOW)
    for frame in sample.frames():
        window.show_frame(frame)
    facts = sample.facts
    page = window.choose
    for field, text in ((page.width_field, facts.width_text), (page.ruler, facts.ruler_text)):
        field.setText(text)
    page.as_meant.setChecked(facts.as_meant)
    for camera in window.result.verification.views:
        window.show_overlay(camera, sample.overlays().get(camera))
    window.show_view(facts.view(NOW, station), station)
    window.propose.list.setCurrentRow(-1 if sample.pose_chosen is None else sample.pose_chosen)
    window.propose.confirm.setChecked(sample.confirmed)
    window.result.show_tab(sample.result_tab)
    if sample.pressed is not None:
        window.result.verification.press(facts.camera, sample.pressed)


def wizard_in(state: str, theme: Theme, size: QSize) -> CalibrationWindow:
    """Return the calibration wizard's window in a state of ``CALIBRATIONS``."""
    window = CalibrationWindow(theme)
    window.resize(size)
    window.show()
    show_wizard(window, state)
    return window


def window_in(state: str, theme: Theme, size: QSize) -> ConsoleWindow:
    """Return the window in a state of ``STATES`` or ``SESSIONS``, or ``help``."""
    window = ConsoleWindow(theme)
    window.resize(size)
    window.show()
    show_any(window, "collection_ready" if state == "help" else state)
    if state == "help":
        window.trigger(ActionId.HELP)
    return window


def sheets(theme: Theme) -> Iterator[tuple[str, QWidget]]:
    """Yield each kind of widget with all its states on one sheet."""
    views = {name: make().view(NOW) for name, make in STATES.items()}
    banners: list[QWidget] = []
    arms: list[QWidget] = []
    for view in views.values():
        banner, panel = Banner(theme), ArmPanel(theme)
        banner.show_sign(sign(SessionBanner(), view.banner))
        panel.show_view(view.arm)
        banners.append(banner)
        arms.append(panel)
    for make in SESSIONS.values():
        sample = make()
        station = sample.station.view(NOW)
        banner = Banner(theme)
        banner.show_sign(sign(sample.session.view(NOW, station).banner, station.banner))
        banners.append(banner)
    yield "banners", _grid(banners, 2, 2560)
    yield "arm_panels", _column(arms, 640)
    cells: list[CellView] = []
    for view in views.values():
        cells += [cell for cell in view.cells if cell not in cells]
    yield "health_cells", _grid([_cell(cell, theme) for cell in cells], 6, 1280)
    pictures: list[QWidget] = []
    for name in ("waiting", "ready", "recording_stale_wrist", "station_lost", "unreadable"):
        for picture in views[name].pictures:
            camera = CameraView(picture.camera, theme)
            frame = STATES[name]().frames.get(picture.camera)
            if frame is not None:
                camera.show_frame(frame)
            camera.show_view(picture)
            camera.setFixedHeight(300)
            pictures.append(camera)
    yield "pictures", _grid(pictures, 4, 1600)


def save(folder: Path) -> list[Path]:
    """Save pictures of every screen and widget in every state; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    written = []
    for theme_name, theme in THEMES.items():
        themes.apply(application, theme)
        pictures: list[tuple[str, QWidget]] = [
            (f"{state}_{size.width()}x{size.height()}", window_in(state, theme, size))
            for state in (*SESSIONS, *STATES, "help")
            for size in SIZES
        ]
        pictures += [
            (f"{state}_{size.width()}x{size.height()}", wizard_in(state, theme, size))
            for state in CALIBRATIONS
            for size in SIZES
        ]
        for name, widget in [*pictures, *sheets(theme)]:
            widget.show()
            for _ in range(3):  # what was just added is shown and laid out
                application.processEvents()
            path = folder / f"{name}_{theme_name}.png"
            if not widget.grab().save(str(path)):
                raise OSError(f"{path} cannot be written")
            written.append(path)
            widget.close()
            widget.deleteLater()
    return written


class Gallery(QWidget):
    """A list of states beside the window in the chosen one."""

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self.setWindowTitle("Gallery")
        self._application = application
        self._theme = themes.system_theme()
        self._window = ConsoleWindow(self._theme)
        self._wizard = CalibrationWindow(self._theme)
        self._windows = QStackedWidget()
        self._windows.addWidget(self._window)
        self._windows.addWidget(self._wizard)
        self._states = QListWidget()
        self._states.addItems([*SESSIONS, *STATES, *CALIBRATIONS])
        self._states.currentTextChanged.connect(self._choose)
        day = QPushButton("Light / dark")
        day.clicked.connect(self._change_theme)
        left = QVBoxLayout()
        left.addWidget(self._states, 1)
        left.addWidget(day)
        row = QHBoxLayout(self)
        row.addLayout(left)
        row.addWidget(self._windows, 1)
        self._states.setFixedWidth(200)
        self._states.setCurrentRow(0)

    def _choose(self, state: str) -> None:
        if state in CALIBRATIONS:
            self._windows.setCurrentWidget(self._wizard)
            show_wizard(self._wizard, state)
        else:
            self._windows.setCurrentWidget(self._window)
            show_any(self._window, state)

    def _change_theme(self) -> None:
        self._theme = LIGHT if self._theme is DARK else DARK
        themes.apply(self._application, self._theme)
        self._window.set_theme(self._theme)
        self._wizard.set_theme(self._theme)


def _cell(view: CellView, theme: Theme) -> HealthCell:
    cell = HealthCell(theme)
    cell.show_view(view)
    return cell


def _column(widgets: Sequence[QWidget], width: int) -> QWidget:
    return _grid(widgets, 1, width)


def _grid(widgets: Sequence[QWidget], columns: int, width: int) -> QWidget:
    sheet = QWidget()
    column = QVBoxLayout(sheet)
    for start in range(0, len(widgets), columns):
        row = QHBoxLayout()
        for widget in widgets[start : start + columns]:
            row.addWidget(widget, 1)
        for _ in range(columns - len(widgets[start : start + columns])):
            row.addStretch(1)
        column.addLayout(row)
    sheet.setFixedWidth(width)
    return sheet


def main() -> int:
    """Show the gallery, or save it."""
    parser = argparse.ArgumentParser(prog="python -m ui.gallery", description=__doc__)
    parser.add_argument("--save", type=Path, metavar="DIR", help="save pictures and end")
    arguments = parser.parse_args()
    application = QApplication(sys.argv[:1])
    themes.apply(application, themes.system_theme())
    if arguments.save is not None:
        print(f"{len(save(arguments.save))} pictures in {arguments.save}")
        return 0
    gallery = Gallery(application)
    gallery.resize(1500, 840)
    gallery.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
