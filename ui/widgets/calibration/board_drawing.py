"""How to measure a printed board, drawn."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.text import scaled_font

COLUMNS, ROWS = 6, 4  # of what is drawn; a real board has more rows


class BoardDrawing(QWidget):
    """Squares with the width to measure above, the ruler below."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 130)
        self.setAccessibleName(self.tr("How to measure the board"))
        self.setAccessibleDescription(
            self.tr("Width: from the first square's outer edge to the last one's. Ruler: 0 to 100.")
        )

    def sizeHint(self) -> QSize:
        return QSize(380, 190)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self.font(), 1.0, bold=True))
        line = painter.fontMetrics().height()
        high = self.height() - 2 * line - 34
        side = min(high / ROWS, (self.width() - 40) / COLUMNS)
        wide = COLUMNS * side
        left = (self.width() - wide) / 2
        top = line + 10.0
        paper = QRectF(left - 14, top - 10, wide + 28, ROWS * side + line + 40)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(QColor("#ffffff"))
        painter.drawRect(paper)
        painter.setPen(Qt.PenStyle.NoPen)
        for row in range(ROWS):
            for column in range(COLUMNS):
                cell = QRectF(left + column * side, top + row * side, side, side)
                if (row + column) % 2 == 0:
                    painter.setBrush(QColor("#111111"))
                    painter.drawRect(cell)
                else:
                    inset = 0.16 * side
                    painter.setBrush(QColor("#9a9a9a"))
                    painter.drawRect(cell.adjusted(inset, inset, -inset, -inset))
        ink = QColor(theme.abnormal)
        self._measure(painter, left, left + wide, top - 16, ink, self.tr("width"))
        ruler = wide * 0.62
        y = top + ROWS * side + 12
        start = (self.width() - ruler) / 2
        painter.setPen(QPen(QColor("#111111"), 1))
        for mark in range(21):
            x = start + ruler * mark / 20
            painter.drawLine(QPointF(x, y), QPointF(x, y + (10 if mark % 2 == 0 else 6)))
        painter.setFont(scaled_font(self.font(), 0.9))
        for text, x in (("0", start), ("100", start + ruler)):
            area = QRectF(x - 20, y + 10, 40, line)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        middle = QRectF(start, y + 10, ruler, line)
        painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, self.tr("ruler, mm"))

    def _measure(
        self, painter: QPainter, left: float, right: float, y: float, ink: QColor, text: str
    ) -> None:
        painter.setPen(QPen(ink, 2))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x, way in ((left, 1), (right, -1)):
            painter.drawLine(QPointF(x, y - 5), QPointF(x, y + 5))
            painter.drawLine(QPointF(x, y), QPointF(x + way * 7, y - 4))
            painter.drawLine(QPointF(x, y), QPointF(x + way * 7, y + 4))
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        plate = QRectF(0, 0, width, painter.fontMetrics().height())
        plate.moveCenter(QPointF((left + right) / 2, y))
        painter.fillRect(plate, QColor(self._theme.surface))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
