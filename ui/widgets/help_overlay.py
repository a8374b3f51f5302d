"""What can be done, with its keys, over the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from ui.actions import Action
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.text import scaled_font, set_colour


class HelpOverlay(QWidget):
    """Drawn from the table of actions that binds the keys.

    It covers ``parent`` between ``above`` and ``below``: the station's state and the stop
    stay in sight and in reach.
    """

    close_asked = Signal()

    def __init__(
        self,
        actions: tuple[Action, ...],
        theme: Theme,
        parent: QWidget,
        above: QWidget,
        below: QWidget,
    ) -> None:
        super().__init__(parent)
        self._above, self._below = above, below
        self._theme = theme
        self._covered = parent
        self._labels: list[tuple[QLabel, bool]] = []
        self.setAccessibleName(self.tr("Help"))
        self._card = QFrame(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(11)
        heads = (self.tr("Key, pedal"), self.tr("Gamepad"))
        for column_number, head in enumerate(heads):
            grid.addWidget(self._label(head, 0.95, quiet=True), 0, column_number)
        for row, action in enumerate(actions, start=1):
            keys = self.tr(", ").join(
                QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
                for key in action.keys
            )
            what = action.translated_text()
            grid.addWidget(self._label(keys or "–", 1.2, bold=True), row, 0)
            grid.addWidget(self._label(action.shown_buttons(), 1.1), row, 1)
            grid.addWidget(self._label(what, 1.2, bold=True), row, 2)
            grid.addWidget(self._label(action.translated_explanation(), 1.05, quiet=True), row, 3)
        grid.setColumnStretch(3, 1)
        self.close_button = FlatButton(self.tr("Close"))
        self.close_button.setFixedSize(120, 48)
        self.close_button.clicked.connect(self.close_asked)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(32, 22, 32, 20)
        column.setSpacing(16)
        column.addWidget(self._label(self.tr("Help"), 1.9, bold=True))
        column.addLayout(grid)
        column.addWidget(
            self._label(
                self.tr(
                    "The stop on the screen goes through the computer: it does not replace the"
                    " hardware emergency stop.\n"
                    "Other keys, pedals and buttons are set in ~/.config/collector/console.yaml."
                ),
                1.1,
            )
        )
        column.addWidget(self.close_button, alignment=Qt.AlignmentFlag.AlignRight)
        self.set_theme(theme)
        parent.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for label, quiet in self._labels:
            set_colour(label, theme.muted if quiet else theme.text)
        button = self.close_button
        button.fill, button.ink = theme.surface, theme.text
        button.edge, button.ring = theme.text, theme.focus
        self.update()

    def open(self) -> None:
        """Show it."""
        self._fill_parent()
        self.show()
        self.raise_()
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._covered and event.type() is QEvent.Type.Resize:
            self._fill_parent()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_asked.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.close_asked.emit()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 150))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self._card.geometry(), 8, 8)

    def _fill_parent(self) -> None:
        top = self._above.geometry().bottom() + 1
        height = self._below.geometry().top() - top
        self.setGeometry(0, top, self._covered.width(), height)
        size = self._card.sizeHint()
        size.setWidth(min(max(size.width(), 640), self.width() - 48))
        area = self._card.geometry()
        area.setSize(size)
        area.moveCenter(self.rect().center())
        self._card.setGeometry(area)

    def _label(self, text: str, scale: float, bold: bool = False, quiet: bool = False) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(scaled_font(self.font(), scale, bold))
        self._labels.append((label, quiet))
        return label
