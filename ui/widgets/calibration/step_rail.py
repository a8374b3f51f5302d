"""All steps in a row: which are done, which is now."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.calibration_view import WizardStep
from ui.calibration_wording import step_title
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import scaled_font

HEIGHT = 40
STEPS = tuple(WizardStep)


class StepRail(QWidget):
    """Numbers and names of the steps; it is looked at, not pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._step = WizardStep.CHOOSE
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(900, HEIGHT)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_step(self, step: WizardStep) -> None:
        self._step = step
        number = STEPS.index(step) + 1
        self.setAccessibleName(
            self.tr("Step {0} of {1}: {2}").format(number, len(STEPS), step_title(step))
        )
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = STEPS.index(self._step)
        wide = self.width() / len(STEPS)
        for number, step in enumerate(STEPS):
            area = QRectF(number * wide, 0, wide, self.height())
            done, here = number < now, number == now
            ink = QColor(theme.text if here or done else theme.muted)
            disc = QRectF(area.left() + 12, area.center().y() - 12, 24, 24)
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(QColor(theme.text) if here else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(disc)
            painter.setFont(scaled_font(self.font(), 1.0, bold=here))
            if done:
                draw_symbol(painter, Shape.CHECK, disc.adjusted(6, 6, -6, -6), ink)
            else:
                painter.setPen(QColor(theme.surface) if here else ink)
                painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(number + 1))
            painter.setFont(scaled_font(self.font(), 1.15, bold=here))
            painter.setPen(ink)
            room = area.adjusted(44, 0, -8, 0)
            text = painter.fontMetrics().elidedText(
                step_title(step), Qt.TextElideMode.ElideRight, int(room.width())
            )
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(room, flags, text)
            if here:
                painter.fillRect(
                    QRectF(area.left() + 8, self.height() - 3, wide - 16, 3), QColor(theme.text)
                )
