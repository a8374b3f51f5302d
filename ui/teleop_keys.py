"""The window's keys as they are held, for teleoperation; anything unclear lets go of the arm."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from ui.keyboard_teleop import KeyboardTeleop
from ui.values import TwistCommand

PERIOD_MS = 25  # 40 Hz
_WITH_OTHERS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class TeleopKeys(QObject):
    """Hears the application's keys and hands on a velocity while some are held.

    ``send`` is called from this thread, so that a window that hangs falls silent: the arm
    holds. Losing the focus, another window, a text field, closing: all let go.
    """

    def __init__(
        self,
        teleop: KeyboardTeleop,
        window: QWidget,
        send: Callable[[TwistCommand], None],
        monotonic_ns: Callable[[], int],
    ) -> None:
        super().__init__(window)
        self._teleop, self._window = teleop, window
        self._send, self._monotonic_ns = send, monotonic_ns
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.tick)
        application = QGuiApplication.instance()
        assert isinstance(application, QApplication)
        application.installEventFilter(self)
        application.focusChanged.connect(self._on_focus)
        application.applicationStateChanged.connect(self._on_application)

    def toggle(self) -> None:
        """Switch teleoperation on or off."""
        self._teleop.toggle()
        if self._teleop.enabled:
            self._timer.start()
        else:
            self._let_go()
            self._timer.stop()

    def tick(self) -> None:
        """Hand on what is asked for now."""
        command = self._teleop.command(self._monotonic_ns())
        if command is not None:
            self._send(command)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.WindowDeactivate, QEvent.Type.Close, QEvent.Type.Hide):
            if watched is self._window:
                self._let_go()
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and watched is self._target():
            assert isinstance(event, QKeyEvent)
            if not event.isAutoRepeat():
                return self._on_key(event, kind == QEvent.Type.KeyPress)
            return self._teleop.enabled and self._key(event) in self._teleop.held
        return False

    def _on_key(self, event: QKeyEvent, pressed: bool) -> bool:
        key = self._key(event)
        if not pressed:
            self._teleop.release(key)
            self.tick_if_on()
            return False
        if event.modifiers() & _WITH_OTHERS or isinstance(QApplication.focusWidget(), QLineEdit):
            return False
        taken = self._teleop.press(key, self._monotonic_ns())
        if taken:
            self.tick_if_on()
        return taken

    def tick_if_on(self) -> None:
        """Hand on a change at once."""
        if self._timer.isActive():
            self.tick()

    def _target(self) -> QObject | None:
        """The widget that a key goes to first: each event is heard once on its way up."""
        return QApplication.focusWidget() or self._window

    def _key(self, event: QKeyEvent) -> str:
        return QKeySequence(event.key()).toString() if event.key() > 0 else ""

    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is None or isinstance(now, QLineEdit) or now.window() is not self._window:
            self._let_go()

    def _on_application(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self._let_go()

    def _let_go(self) -> None:
        self._teleop.release_all()
        self.tick_if_on()
