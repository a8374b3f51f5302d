"""The wizard's window: steps above, what to do next, the step itself, buttons and the arm."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui.actions import ActionId, find_action
from ui.calibration_signs import NavAction, nav_buttons, sign
from ui.calibration_view import WizardStep, WizardView
from ui.station_view import StationView
from ui.theme import Theme
from ui.values import CAMERAS, CameraFrame, Command
from ui.verification_overlay import VerificationOverlay
from ui.widgets.arm_panel import ArmPanel
from ui.widgets.banner import Banner
from ui.widgets.calibration.capture_page import CapturePage
from ui.widgets.calibration.check_page import CheckPage
from ui.widgets.calibration.choose_page import ChoosePage
from ui.widgets.calibration.done_page import DonePage
from ui.widgets.calibration.live_picture import LivePicture
from ui.widgets.calibration.nav_bar import NavBar
from ui.widgets.calibration.propose_page import ProposePage
from ui.widgets.calibration.result_page import ResultPage
from ui.widgets.calibration.step_rail import StepRail
from ui.widgets.camera_view import CameraView


class CalibrationWindow(QWidget):
    """Shows what it is given; its signals tell what the person wants."""

    command_asked = Signal(object)  # Command, of the arm
    asked = Signal(object)  # NavAction
    camera_chosen = Signal(str)
    board_entered = Signal(str, int, str, bool)
    person_entered = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: WizardView | None = None
        self.setWindowTitle(self.tr("Camera calibration"))
        self.setMinimumSize(1180, 720)
        self.rail = StepRail(theme)
        self.banner = Banner(theme)
        self.choose = ChoosePage(theme)
        self.check = CheckPage(theme)
        self.propose = ProposePage(theme)
        self.capture = CapturePage(theme)
        self.result = ResultPage(theme)
        self.done = DonePage(theme)
        self.nav = NavBar(theme)
        self.arm = ArmPanel(theme)
        self._pages = {
            WizardStep.CHOOSE: self.choose,
            WizardStep.CHECK: self.check,
            WizardStep.PROPOSE: self.propose,
            WizardStep.CAPTURE: self.capture,
            WizardStep.RESULT: self.result,
            WizardStep.DONE: self.done,
        }
        self._live = {
            page: {camera: CameraView(camera, theme, LivePicture(theme)) for camera in CAMERAS}
            for page in (self.check, self.capture)
        }
        self._lay_out()
        self._bind()

    def _lay_out(self) -> None:
        self._middle = QStackedWidget()
        for page in self._pages.values():
            self._middle.addWidget(page)
        for page, views in self._live.items():
            for view in views.values():
                page.pictures.addWidget(view)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.nav, 1)
        bottom.addWidget(self.arm, 1)
        below = QVBoxLayout()
        below.setContentsMargins(8, 0, 8, 8)
        below.setSpacing(8)
        below.addWidget(self._middle, 1)
        below.addLayout(bottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.banner)
        column.addWidget(self.rail)
        column.addLayout(below, 1)

    def _bind(self) -> None:
        self.nav.asked.connect(self.asked)
        self.choose.camera_chosen.connect(self.camera_chosen)
        self.choose.board_entered.connect(self.board_entered)
        self.choose.person_entered.connect(self.person_entered)
        self.propose.confirmed.connect(self._show_buttons)
        self.arm.stop_asked.connect(lambda: self.command_asked.emit(Command.STOP_ARM))
        self.arm.reset_asked.connect(lambda: self.command_asked.emit(Command.RESET_STOP))
        for key in find_action(ActionId.STOP_ARM).keys:
            # Space types a space into a field, and stops the arm everywhere else.
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(lambda: self.command_asked.emit(Command.STOP_ARM))
        cancel = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        cancel.activated.connect(self._escape)
        self.result.name.returnPressed.connect(lambda: self.asked.emit(NavAction.ACCEPT))

    def _escape(self) -> None:
        if self._view is not None and self._view.step is WizardStep.CAPTURE:
            self.asked.emit(NavAction.CANCEL)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses what has the focus: space stops the arm."""
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(
            focused, QAbstractButton
        ):
            focused.click()
            return
        super().keyPressEvent(event)

    def set_theme(self, theme: Theme) -> None:
        """Wear another theme."""
        views = [view for views in self._live.values() for view in views.values()]
        for part in (
            self.rail,
            self.banner,
            self.nav,
            self.arm,
            *self._pages.values(),
            *views,
        ):
            part.set_theme(theme)

    @property
    def allows_driving(self) -> bool:
        """Whether the person confirmed that the arm may drive."""
        return self.propose.confirm.isChecked()

    @property
    def name(self) -> str:
        """The name that a result is accepted with."""
        return self.result.name.text()

    def show_frame(self, frame: CameraFrame) -> None:
        """Show a camera's newest picture."""
        for views in self._live.values():
            if frame.camera in views:
                views[frame.camera].show_frame(frame)
        self.result.verification.show_frame(frame)

    def show_overlay(self, camera: str, overlay: VerificationOverlay | None) -> None:
        """Draw what the result projects over a camera's picture."""
        self.result.verification.show_overlay(camera, overlay)

    def show_view(self, view: WizardView, station: StationView) -> None:
        """Show where the wizard stands."""
        before, self._view = self._view, view
        self.banner.show_sign(sign(view))
        self.rail.show_step(view.step)
        self.arm.show_view(station.arm)
        for picture in station.pictures:
            for views in self._live.values():
                views[picture.camera].show_view(picture)
            self.result.verification.show_picture(picture)
        for page, views in self._live.items():
            wanted = None
            # Where the board is wanted helps a person alone: an arm that drives has its poses.
            if page is self.capture and view.progress is not None and view.by_hand:
                wanted = view.progress.figures.wanted_place
            for camera, live in views.items():
                live.setVisible(camera == view.camera)
                picture_widget = live.picture
                assert isinstance(picture_widget, LivePicture)
                if camera == view.camera:
                    picture_widget.show_board(view.board, wanted)
        page = self._pages[view.step]
        page.show_view(view)
        if before is None or before.step is not view.step:
            self._turn_to(page, view)
        self._show_buttons()

    def _turn_to(self, page: QWidget, view: WizardView) -> None:
        # Before a page is hidden: Qt would hand its focus to whatever comes next.
        self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._middle.setCurrentWidget(page)
        self.propose.confirm.setChecked(False)
        if view.step is WizardStep.CHOOSE:
            self.choose.cards[view.camera].setFocus(Qt.FocusReason.OtherFocusReason)
        elif view.step is WizardStep.RESULT:
            self.result.name.setText(view.person)
            self.result.name.setCursorPosition(0)
            self.result.focus()

    def _show_buttons(self, _: bool = False) -> None:
        if self._view is not None:
            self.nav.show_buttons(nav_buttons(self._view, self.allows_driving))
