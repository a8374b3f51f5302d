"""What the arm does, and the buttons that stop it and let it go on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui import wording
from ui.actions import ActionId, find_action
from ui.sign import Shape
from ui.station_view import ArmView
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.symbol import Symbol, symbol_pixmap
from ui.widgets.text import ElidedLabel, scaled_font, set_colour

STOP_HEIGHT = 72


class ArmPanel(QFrame):
    """The arm's state; ``stop_asked`` and ``reset_asked`` tell of clicks."""

    stop_asked = Signal()
    reset_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: ArmView | None = None
        self._symbol = Symbol(28)
        self._title = ElidedLabel(1.0, bold=True)
        self._title.setText(self.tr("Arm"))
        self._word = ElidedLabel(1.35, bold=True, lines=2)
        self._sentence = ElidedLabel(1.0, lines=3)
        self._notice = ElidedLabel(0.9)
        self._notice.setText(self.tr("This is not the hardware emergency stop."))
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stop_button = self._stop_button()
        self.reset_button = FlatButton(find_action(ActionId.RESET_STOP).translated_text())
        self.reset_button.setFont(scaled_font(self.font(), 1.1))
        self.reset_button.setFixedSize(
            QSize(self.reset_button.sizeHint().width() + 24, STOP_HEIGHT)
        )
        for button, asked, action in (
            (self.stop_button, self.stop_asked, ActionId.STOP_ARM),
            (self.reset_button, self.reset_asked, ActionId.RESET_STOP),
        ):
            button.clicked.connect(asked)
            button.setToolTip(find_action(action).translated_explanation())
            button.setAccessibleName(find_action(action).translated_text())
            button.setAccessibleDescription(find_action(action).translated_explanation())
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addStretch()
        for label in (self._title, self._word, self._sentence):
            texts.addWidget(label)
        texts.addStretch()
        stop = QVBoxLayout()
        stop.setSpacing(2)
        stop.addWidget(self.stop_button)
        stop.addWidget(self._notice)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 9, 4)
        row.setSpacing(12)
        row.addWidget(self._symbol)
        row.addLayout(texts, 1)
        row.addWidget(self.reset_button)
        row.addLayout(stop)
        self.setFixedHeight(STOP_HEIGHT + 32)
        self.reset_button.hide()
        self.set_theme(theme)

    def _stop_button(self) -> FlatButton:
        action = find_action(ActionId.STOP_ARM)
        key = QKeySequence(action.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
        button = FlatButton(f"{action.translated_text()}  [{key}]")
        button.setFont(scaled_font(self.font(), 1.3, bold=True))
        button.setIconSize(QSize(26, 26))
        width = button.fontMetrics().horizontalAdvance(button.text())
        button.setFixedSize(QSize(max(250, width + 70), STOP_HEIGHT))
        return button

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        stop = self.stop_button
        stop.fill, stop.ink, stop.edge = theme.strong, theme.on_strong, theme.muted
        stop.ring = theme.focus
        stop.setIcon(QIcon(symbol_pixmap(Shape.OCTAGON, QColor(theme.on_strong), 30, 2.0)))
        self.reset_button.set_theme(theme, strong=True)
        self._paint_state()

    def show_view(self, view: ArmView) -> None:
        if view == self._view:
            return
        self._view = view
        self._word.setText(wording.arm_word(view))
        sentence = wording.arm_sentence(view)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        had_focus = self.reset_button.hasFocus()
        self.reset_button.setVisible(view.can_reset)
        if had_focus and not view.can_reset:
            self.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setAccessibleName(self.tr("Arm: {0}").format(self._word.text()))
        self.setAccessibleDescription(sentence)
        self._paint_state()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        fill, edge, width = theme.surface, theme.border, 1
        if self._is_urgent():
            fill = edge = theme.alert
        elif self._view is not None and self._view.level == "warning":
            edge, width = theme.abnormal, 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(edge), width))
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)

    def _is_urgent(self) -> bool:
        view = self._view
        return view is not None and (view.failed is not None or view.level == "error")

    def _paint_state(self) -> None:
        view, theme = self._view, self._theme
        level = view.level if view is not None else None
        shape = {"ok": Shape.CHECK, "warning": Shape.TRIANGLE, "error": Shape.CROSS}.get(
            level or "", Shape.RING
        )
        mark = theme.abnormal if level == "warning" else theme.muted
        ink = theme.muted if level is None else theme.text
        if view is not None and view.can_reset:
            shape = Shape.OCTAGON
        if self._is_urgent():
            mark = ink = theme.on_alert
            if level != "error":
                shape = Shape.TRIANGLE
        set_colour(self._word, ink)
        set_colour(self._sentence, mark)
        for label in (self._title, self._notice):
            set_colour(label, ink if self._is_urgent() else theme.muted)
        self._symbol.show_shape(shape, mark)
        self.update()
