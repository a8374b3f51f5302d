"""The four commands as buttons that say what each would do now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from collector.workflow.commands import Command as Key
from ui import session_wording as wording
from ui.actions import COMMANDS, Action, ActionId, find_action
from ui.session_view import CommandView
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import scaled_font

HEIGHT = 104
_SHAPES = {
    ActionId.START_STOP: Shape.PLAY,
    ActionId.SUCCESS: Shape.CHECK,
    ActionId.FAILURE: Shape.CROSS,
    ActionId.DISCARD: Shape.DASH,
}


class CommandButton(QPushButton):
    """A large button. One that would be refused looks quiet, and can be pressed to hear why."""

    def __init__(self, action: Action, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(action.translated_text(), parent)
        self.setAutoDefault(True)  # Return presses; Space stops the arm
        self.action_id = action.id
        self.theme = theme
        self._key = (
            QKeySequence(action.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
            if action.keys
            else ""
        )
        self._view: CommandView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(100)
        self.setAccessibleName(action.translated_text())
        self.setAccessibleDescription(action.translated_explanation())
        self.setToolTip(action.translated_explanation())

    def sizeHint(self) -> QSize:
        return QSize(140, HEIGHT)

    def show_view(self, view: CommandView) -> None:
        if view != self._view:
            self._view = view
            self.setText(wording.command_caption(view))
            self.setAccessibleName(self.text())
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme, view = self.theme, self._view
        possible = view is not None and view.event is not None
        marked = self.isDown() or (view is not None and (view.pressed or view.pending))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.rect().adjusted(3, 3, -3, -3)
        fill, ink = QColor(theme.surface), QColor(theme.text if possible else theme.muted)
        if marked:
            fill, ink = QColor(theme.strong), QColor(theme.on_strong)
        elif self.underMouse():
            fill = fill.darker(106) if fill.lightness() > 128 else fill.lighter(130)
        edge = theme.text if possible else theme.border
        painter.setPen(QPen(QColor(edge), 2 if possible else 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 6, 6)
        shape = _SHAPES[self.action_id]
        if view is not None and view.event is not None and view.event.value in ("end", "disarm"):
            shape = Shape.BARS if view.event.value == "disarm" else Shape.DISC
        mark = QColor(ink)
        if possible and not marked and self.action_id is ActionId.SUCCESS:
            mark = QColor(theme.good)
        side = 26
        top = area.top() + 14
        draw_symbol(painter, shape, _square(area.center().x(), top, side), mark)
        painter.setPen(ink)
        painter.setFont(self._fitting(self.text(), area.width() - 8, 1.25, bold=True))
        row = area.adjusted(0, 14 + side, 0, -24)
        painter.drawText(row, Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(scaled_font(self.font(), 0.95))
        if not marked:
            painter.setPen(QColor(theme.muted))
        painter.drawText(
            area.adjusted(0, 0, 0, -8),
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
            f"[{self._key}]" if self._key else "",
        )
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 8, 8)

    def _fitting(self, text: str, width: int, scale: float, bold: bool) -> QFont:
        font = scaled_font(self.font(), scale, bold)
        needed = QFontMetrics(font).horizontalAdvance(text)
        return font if needed <= width else scaled_font(self.font(), scale * width / needed, bold)


def _square(middle: float, top: float, side: float) -> QRectF:
    return QRectF(middle - side / 2, top, side, side)


class CommandBar(QWidget):
    """The four in a row; ``asked`` tells which was pressed."""

    asked = Signal(object)  # ActionId

    def __init__(
        self, actions: Sequence[Action], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.buttons: dict[ActionId, CommandButton] = {}
        for action_id in COMMANDS:
            button = CommandButton(find_action(action_id, actions), theme)
            button.clicked.connect(lambda _=False, a=action_id: self.asked.emit(a))
            self.buttons[action_id] = button
            row.addWidget(button, 1)

    def set_theme(self, theme: Theme) -> None:
        for button in self.buttons.values():
            button.theme = theme
            button.update()

    def show_commands(self, views: tuple[CommandView, ...]) -> None:
        keys = {ActionId(key.value): key for key in Key}
        known = {view.key: view for view in views}
        for action_id, button in self.buttons.items():
            if keys[action_id] in known:
                button.show_view(known[keys[action_id]])
