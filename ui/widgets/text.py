"""Labels that fit their place, and fonts in steps of the system's own."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


def scaled_font(base: QFont, scale: float, bold: bool = False) -> QFont:
    """Return the system's font in another size; figures keep their width where it can."""
    font = QFont(base)
    if base.pointSizeF() > 0:
        font.setPointSizeF(base.pointSizeF() * scale)
    else:
        font.setPixelSize(round(base.pixelSize() * scale))
    font.setBold(bold)
    return font


def set_colour(widget: QWidget, colour: str) -> None:
    """Colour a widget's text."""
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
    widget.setPalette(palette)


class ElidedLabel(QLabel):
    """A label of at most ``lines`` lines that shortens what does not fit.

    The whole text is then its tooltip. One that is ``droppable`` shows all or nothing.
    """

    def __init__(
        self,
        scale: float = 1.0,
        bold: bool = False,
        lines: int = 1,
        droppable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._lines = lines
        self._wraps = lines > 1
        self._droppable = droppable
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._font = scaled_font(self.font(), scale, bold)
        self.setFont(self._font)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if self._wraps:
            policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
            policy.setVerticalPolicy(QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_zoom(self, zoom: float) -> None:
        """Write ``zoom`` times as large as it was made."""
        font = scaled_font(self._font, zoom, self._font.bold())
        if font != self.font():
            self.setFont(font)
            self.updateGeometry()

    def set_lines(self, lines: int) -> None:
        """Allow another number of lines to a label that was made for several."""
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()
            self.update()

    def setText(self, text: str) -> None:
        if text != self.text():
            super().setText(text)
            self.updateGeometry()  # its own hint changed, not QLabel's alone

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def hasHeightForWidth(self) -> bool:
        return self._wraps

    def heightForWidth(self, width: int) -> int:
        if not self._wraps:
            return -1
        return max(1, len(self._fitted(width, self._lines))) * self.fontMetrics().height()

    def shown_text(self) -> str:
        """Return the text as it fits now."""
        room = max(1, self.height() // self.fontMetrics().height())
        return "\n".join(self._fitted(self.width(), min(self._lines, room)))

    def paintEvent(self, _: QPaintEvent) -> None:
        text = self.shown_text()
        cut = text.endswith("…") and not self.text().endswith("…")
        self.setToolTip(self.text() if cut else "")
        if cut and self._droppable:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        height = self.fontMetrics().height() if self._wraps else self.height()
        for number, line in enumerate(text.split("\n")):
            area = QRect(0, number * height, self.width(), height)
            painter.drawText(area, self.alignment() | Qt.TextFlag.TextSingleLine, line)

    def _fitted(self, width: int, most: int) -> list[str]:
        """Return up to ``most`` lines that fit into ``width``, the last shortened if need be."""
        text, metrics = self.text(), self.fontMetrics()
        if not self._wraps:
            return [metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)]
        # One character for one, so that what the layout counts fits the text.
        layout = QTextLayout(text.replace("\n", "\u2028"), self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        starts = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1))
            starts.append(line.textStart())
        layout.endLayout()
        shown = starts[:most]
        ends = [*shown[1:], len(text)]
        lines = [text[a:b].rstrip() for a, b in zip(shown, ends, strict=True)]
        if len(starts) > most:
            lines[-1] = metrics.elidedText(lines[-1] + "…", Qt.TextElideMode.ElideRight, width)
        return lines
