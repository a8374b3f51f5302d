"""The console's window: banner, pictures and task, plan, health, commands and the arm."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui import session_wording
from ui.actions import ACTIONS, COMMANDS, Action, ActionId, Debounce, find_action
from ui.keyboard_teleop import TeleopView
from ui.layout_projection import LayoutOverlay
from ui.session_view import Page, SessionBanner, SessionView
from ui.sign import Shape, Tone
from ui.station_view import StationView
from ui.theme import Theme
from ui.values import CAMERAS, CameraFrame, Command, SessionCall
from ui.widgets.arm_panel import ArmPanel
from ui.widgets.banner import Banner
from ui.widgets.camera_view import CameraView
from ui.widgets.command_bar import CommandBar
from ui.widgets.health_strip import HealthStrip
from ui.widgets.help_overlay import HelpOverlay
from ui.widgets.notice_panel import NoticePanel
from ui.widgets.operator_panel import OperatorPanel
from ui.widgets.plan_strip import PlanStrip
from ui.widgets.preflight_list import PreflightList
from ui.widgets.sign_in import SignIn
from ui.widgets.summary_page import SummaryPage
from ui.widgets.task_panel import TaskPanel
from ui.widgets.teleop_panel import TeleopPanel
from ui.wording import sentence

SIDE_WIDTH = (360, 470)  # of what stands beside the pictures, at the smallest and largest window
# Pages that need more than that: they stand beside small pictures, one above the other.
WIDE_PAGES, WIDE_SHARE = (Page.SIGN_IN, Page.SUMMARY), 0.74
RECORDING_FRAME = 8  # px around the window while it records


class ConsoleWindow(QWidget):
    """Shows what it is given; its signals tell what the operator wants."""

    command_asked = Signal(object)  # Command, of the arm
    session_asked = Signal(object)  # SessionCall
    acted = Signal(object)  # ActionId: pressed, whatever comes of it
    teleop_toggled = Signal()
    mute_toggled = Signal()
    summary_left = Signal()

    def __init__(
        self,
        theme: Theme,
        actions: Sequence[Action] = ACTIONS,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.actions_table = tuple(actions)
        self._monotonic_ns = monotonic_ns
        self._debounce = Debounce()
        self._session: SessionView | None = None
        self._recording = False
        self.setWindowTitle(self.tr("Station console"))
        self.setMinimumSize(1180, 720)
        self.banner = Banner(theme)
        self.cameras = {name: CameraView(name, theme) for name in CAMERAS}
        self.task = TaskPanel(theme)
        self.preflight = PreflightList(theme)
        self.notice = NoticePanel(theme)
        self.plan = PlanStrip(theme)
        self.operator = OperatorPanel(self.actions_table, theme)
        self.health = HealthStrip(theme)
        self.commands = CommandBar(self.actions_table, theme)
        self.arm = ArmPanel(theme)
        self.sign_in = SignIn(theme)
        self.summary = SummaryPage(theme)
        self.teleop = TeleopPanel(theme)
        self._lay_out()
        self.help = HelpOverlay(
            self.actions_table, theme, self, above=self.banner, below=self._bottom
        )
        self._bind()
        self._order_tabs()
        self.show_session(SessionView(Page.WATCH, SessionBanner()))
        self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        self._side = QStackedWidget()
        for panel in (self.task, self.preflight, self.notice, self.sign_in, self.summary):
            self._side.addWidget(panel)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(8)
        for view in self.cameras.values():
            self._pictures.addWidget(view, 1)
        seen = QVBoxLayout()
        seen.setSpacing(4)
        seen.addLayout(self._pictures, 1)
        seen.addWidget(self.teleop)
        middle = QHBoxLayout()
        middle.setSpacing(8)
        middle.addLayout(seen, 1)
        middle.addWidget(self._side)
        self._plan_row, self._plan_line = _row()
        self._plan_line.addWidget(self.plan, 1)
        self._plan_line.addWidget(self.operator)
        self._bottom, self._bottom_line = _row()
        self._bottom_line.addWidget(self.commands, 1)
        self._bottom_line.addWidget(self.arm, 1)
        below = QVBoxLayout()
        below.setContentsMargins(8, 0, 8, 8)
        below.setSpacing(8)
        below.addLayout(middle, 1)
        below.addWidget(self._plan_row)
        below.addWidget(self.health)
        below.addWidget(self._bottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.banner)
        column.addLayout(below, 1)

    def set_theme(self, theme: Theme) -> None:
        """Wear another theme."""
        self._theme = theme
        for part in (
            *self.cameras.values(),
            self.banner,
            self.task,
            self.preflight,
            self.notice,
            self.plan,
            self.operator,
            self.health,
            self.commands,
            self.arm,
            self.sign_in,
            self.summary,
            self.teleop,
            self.help,
        ):
            part.set_theme(theme)
        self.update()

    # What is shown

    def show_frame(self, frame: CameraFrame) -> None:
        """Show a camera's newest picture."""
        if frame.camera in self.cameras:
            self.cameras[frame.camera].show_frame(frame)

    def show_view(self, station: StationView, session: SessionView) -> None:
        """Show the state of the station and of the session on it."""
        over = session.page is Page.SUMMARY
        sign = session_wording.sign(session.banner, station.banner, over)
        self.banner.show_sign(sign)
        recording = sign.tone is Tone.RECORDING
        if recording != self._recording:
            self._recording = recording
            self.update()
        for picture in station.pictures:
            self.cameras[picture.camera].show_view(picture)
        count = session.banner.countdown
        for camera in self.cameras.values():
            camera.picture.show_count("" if count is None else str(count))
        self.health.show_views(station.cells)
        self.arm.show_view(station.arm)
        self.show_session(session)

    def show_session(self, session: SessionView) -> None:
        """Show the session beside and below the pictures."""
        before, self._session = self._session, session
        if session == before:
            return
        turned = before is None or session.page is not before.page
        if turned:
            # Before a page is hidden: Qt would hand its focus to whatever comes next.
            self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self._make_room(session.page)
        self._show_side(session)
        self.plan.show_plan(session.plan)
        paused = session.page is Page.PAUSED
        self.operator.show_operator(
            session.operator_id, session.can_pause, paused, session.can_sign_out
        )
        self.commands.show_commands(session.commands)
        self.task.show_task(session.task, session.feedback)
        self.sign_in.show_view(session.sign_in)
        if session.summary is not None:
            self.summary.show_summary(session.summary)
        if turned:
            self._focus_page(session.page)

    def _show_side(self, session: SessionView) -> None:
        action = sentence(session.banner.next_action)
        if session.page is Page.SIGN_IN:
            self._side.setCurrentWidget(self.sign_in)
        elif session.page is Page.SUMMARY:
            self._side.setCurrentWidget(self.summary)
        elif session.page is Page.PREFLIGHT:
            self.preflight.show_checks(session.checks)
            self._side.setCurrentWidget(self.preflight)
        elif session.page is Page.PAUSED:
            why = sentence(session.trouble)
            self.notice.show_notice(Shape.BARS, self.tr("Paused"), why, action, alert=False)
            self._side.setCurrentWidget(self.notice)
        elif session.page is Page.FAULT:
            why = sentence(session.trouble)
            self.notice.show_notice(Shape.TRIANGLE, self.tr("Fault"), why, action, alert=True)
            self._side.setCurrentWidget(self.notice)
        else:
            self._side.setCurrentWidget(self.task)

    def _make_room(self, page: Page) -> None:
        """Give each part of the window the place that it has on a page."""
        signed_in = page not in (Page.WATCH, Page.SIGN_IN, Page.SUMMARY)
        self.operator.pause_button.setVisible(signed_in)
        self.operator.sign_out_button.setVisible(signed_in)
        self.commands.setVisible(signed_in)
        self._side.setVisible(page is not Page.WATCH)
        # Nobody has a plan: the pictures take its room, and its row's buttons stand below.
        self._plan_row.setVisible(signed_in)
        (self._plan_line if signed_in else self._bottom_line).addWidget(self.operator)
        way = QBoxLayout.Direction
        self._pictures.setDirection(way.TopToBottom if page in WIDE_PAGES else way.LeftToRight)
        self._set_side_width()
        self._order_tabs()

    def _set_side_width(self) -> None:
        if self._session is not None and self._session.page in WIDE_PAGES:
            self._side.setFixedWidth(round(WIDE_SHARE * self.width()))
            return
        low, high = SIDE_WIDTH
        self._side.setFixedWidth(min(high, max(low, round(self.width() * 0.285))))

    def _focus_page(self, page: Page) -> None:
        if page is Page.SIGN_IN:
            self.sign_in.operator.setFocus(Qt.FocusReason.OtherFocusReason)
        elif page is Page.SUMMARY:
            self.summary.button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_layout(self, overlay: LayoutOverlay | None) -> None:
        """Draw where the objects go over the static camera's picture."""
        self.cameras["static"].picture.show_layout(overlay)

    def show_muted(self, muted: bool) -> None:
        """Show whether tones are off."""
        self.operator.show_muted(muted)

    def show_teleop(self, view: TeleopView) -> None:
        """Show the keyboard's teleoperation over the pictures."""
        self.teleop.show_view(view)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_side_width()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._recording:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(self._theme.recording), 2 * RECORDING_FRAME))
            painter.drawRect(self.rect())

    # What is asked

    def trigger(self, action: ActionId) -> None:
        """Do what an action of the table says; one that bounces is done once."""
        if not self._debounce.passes(action, self._monotonic_ns()):
            return
        if action in COMMANDS:
            self.acted.emit(action)
            request = find_action(action, self.actions_table).request
            self.session_asked.emit(SessionCall(request))
        elif action is ActionId.STOP_ARM:
            self.acted.emit(action)
            self.command_asked.emit(Command.STOP_ARM)
        elif action is ActionId.RESET_STOP:
            self.command_asked.emit(Command.RESET_STOP)
        elif action is ActionId.PAUSE:
            self._pause()
        elif action is ActionId.TELEOP:
            self.teleop_toggled.emit()
        elif action is ActionId.MUTE:
            self.mute_toggled.emit()
        elif action is ActionId.HELP:
            self._toggle_help()
        elif action is ActionId.FULL_SCREEN:
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def press_button(self, name: str) -> None:
        """A gamepad's button, by evdev's name."""
        for action in self.actions_table:
            if name in action.buttons:
                self.trigger(action.id)

    def _pause(self) -> None:
        paused = self._session is not None and self._session.page is Page.PAUSED
        self.session_asked.emit(SessionCall("resume" if paused else "pause"))

    def _bind(self) -> None:
        for action in self.actions_table:
            for key in action.keys:
                shortcut = QShortcut(QKeySequence(key), self)
                shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
                shortcut.setAutoRepeat(False)
                shortcut.activated.connect(lambda asked=action.id: self.trigger(asked))
        self.commands.asked.connect(self.trigger)
        self.operator.asked.connect(self.trigger)
        self.operator.sign_out_asked.connect(
            lambda: self.session_asked.emit(SessionCall("sign_out"))
        )
        self.preflight.check_asked.connect(lambda: self.session_asked.emit(SessionCall("check")))
        self.sign_in.asked.connect(
            lambda who, pin: self.session_asked.emit(SessionCall("sign_in", who, pin))
        )
        self.summary.done.connect(self.summary_left)
        self.arm.stop_asked.connect(lambda: self.trigger(ActionId.STOP_ARM))
        self.arm.reset_asked.connect(lambda: self.trigger(ActionId.RESET_STOP))
        self.help.close_asked.connect(lambda: self.trigger(ActionId.HELP))

    def _order_tabs(self) -> None:
        """The stop comes first, whatever was added last; then the commands."""
        order: list[QWidget] = [
            self.arm.stop_button,
            self.arm.reset_button,
            *self.commands.buttons.values(),
            *self.operator.buttons,
            self.preflight.check_button,
            self.health.cells[0],
        ]
        for one, other in itertools.pairwise(order):
            QWidget.setTabOrder(one, other)

    def _toggle_help(self) -> None:
        if self.help.isVisible():
            self.help.hide()
            self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.help.open()


def _row() -> tuple[QWidget, QHBoxLayout]:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    return row, line
