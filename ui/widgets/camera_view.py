"""One camera's live picture, that never looks live when it is not."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui import wording
from ui.layout_projection import LayoutOverlay
from ui.sign import Shape
from ui.station_view import PictureState, PictureView
from ui.theme import Theme
from ui.values import CameraFrame
from ui.widgets.layout_lines import draw_layout
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import ElidedLabel, scaled_font, set_colour

EMPTY = "#101010"  # where there is no picture, by day and by night
VEIL = QColor(16, 16, 16, 120)


class Picture(QWidget):
    """The picture, as large as its place and its own shape allow."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._frame: CameraFrame | None = None
        self._view: PictureView | None = None
        self._layout: LayoutOverlay | None = None
        self._count = ""
        self._drawn: QImage | None = None
        self._drawn_for: tuple[int, QSize, bool] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def show_frame(self, frame: CameraFrame) -> None:
        """Show a newer picture at the next repaint; one that was not drawn yet is skipped."""
        self._frame = frame
        self.update()

    def show_layout(self, layout: LayoutOverlay | None) -> None:
        """Draw a layout over the picture, or none."""
        if layout != self._layout:
            self._layout = layout
            self.update()

    def show_count(self, count: str) -> None:
        """Show what is left of a countdown, as large as the picture allows."""
        if count != self._count:
            self._count = count
            self.update()

    def show_view(self, view: PictureView) -> None:
        before, self._view = self._view, view
        if before is None or _overlay(before) != _overlay(view):
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        view, frame = self._view, self._frame
        if view is None or view.state is PictureState.NONE or frame is None:
            painter.fillRect(self.rect(), QColor(EMPTY))
        else:
            painter.fillRect(self.rect(), QColor(self.theme.window))
        if view is None:
            return
        live = view.state is PictureState.LIVE
        if frame is not None and view.state is not PictureState.NONE:
            image = self._image(frame, grey=not live)
            area = QRectF(0, 0, *(s / image.devicePixelRatio() for s in image.size().toTuple()))
            area.moveCenter(QRectF(self.rect()).center())
            painter.drawImage(area.topLeft(), image)
            if not live:
                painter.fillRect(area, VEIL)
            elif self._layout is not None:
                draw_layout(painter, self._layout, area, self.font())
        if self._count:
            self._draw_count(painter)
        if not live:
            self._draw_notice(painter, view)

    def _draw_count(self, painter: QPainter) -> None:
        side = 0.5 * min(self.width(), self.height())
        disc = QRectF(0, 0, side, side)
        disc.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#ffffff"), 4))
        painter.setBrush(QColor(20, 20, 20, 190))
        painter.drawEllipse(disc)
        font = scaled_font(self.font(), 1.0, bold=True)
        font.setPixelSize(round(side * 0.6))
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, self._count)

    def _image(self, frame: CameraFrame, grey: bool) -> QImage:
        """Return the picture in the size that it is drawn in; made once a picture."""
        ratio = self.devicePixelRatioF()
        room = self.size() * ratio
        key = (id(frame), room, grey)
        if self._drawn is None or self._drawn_for != key:
            pixels = np.ascontiguousarray(frame.pixels)  # a copy only where rows are padded
            height, width, _ = pixels.shape
            # QImage reads this memory: it lives as long as this call needs it.
            image = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
            image = image.scaled(
                room,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            shade = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB32
            image = image.convertToFormat(shade)
            image.setDevicePixelRatio(ratio)
            self._drawn, self._drawn_for = image, key
        return self._drawn

    def _draw_notice(self, painter: QPainter, view: PictureView) -> None:
        headline, advice = wording.picture_headline(view), wording.picture_advice(view)
        waiting = view.state is PictureState.NONE
        colour = QColor("#c8c8c8" if waiting else self.theme.alert)
        middle = QRectF(self.rect())
        scale = 2.2 if waiting else 3.0
        painter.setFont(scaled_font(self.font(), scale, bold=True))
        needed = (
            painter.fontMetrics().horizontalAdvance(headline) + 3 * painter.fontMetrics().height()
        )
        if needed > middle.width():
            painter.setFont(scaled_font(self.font(), scale * middle.width() / needed, bold=True))
        height = painter.fontMetrics().height()
        width = painter.fontMetrics().horizontalAdvance(headline)
        side = height * 0.8
        line = QRectF(0, 0, side + side * 0.4 + width, height)
        line.moveCenter(middle.center())
        if advice:
            line.translate(0, -height * 0.5)
        if not waiting:
            plate = line.adjusted(-side * 0.6, -side * 0.25, side * 0.6, side * 0.25)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour, 2))
            painter.setBrush(QColor(0, 0, 0, 200))
            painter.drawRoundedRect(plate, 6, 6)
        shape = Shape.RING if waiting else Shape.TRIANGLE
        draw_symbol(painter, shape, QRectF(line.x(), line.y() + height * 0.1, side, side), colour)
        painter.setPen(colour)
        text = line.adjusted(side * 1.4, 0, 4, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, headline)
        if advice:
            painter.setFont(scaled_font(self.font(), 1.2))
            painter.setPen(QColor("#e0e0e0"))
            below = QRectF(
                24, line.bottom() + side * 0.4, middle.width() - 48, middle.bottom() - line.bottom()
            )
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(below, flags | Qt.TextFlag.TextWordWrap, advice)


class CameraView(QFrame):
    """A camera's name, the age of its picture, and the picture."""

    def __init__(
        self,
        camera: str,
        theme: Theme,
        picture: Picture | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.camera = camera
        title = wording.camera_title(camera)
        self._name = ElidedLabel(1.25, bold=True)
        self._name.setText(title)
        self._age = ElidedLabel(1.1)
        self._age.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.picture = picture or Picture(theme)
        self.picture.setAccessibleName(title)
        head = QHBoxLayout()
        head.setContentsMargins(2, 0, 2, 0)
        head.addWidget(self._name, 1)
        head.addWidget(self._age, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.picture, 1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.picture.theme = theme
        set_colour(self._name, theme.text)
        set_colour(self._age, theme.muted)
        self.picture.update()

    def show_frame(self, frame: CameraFrame) -> None:
        self.picture.show_frame(frame)

    def show_view(self, view: PictureView) -> None:
        self.picture.show_view(view)
        live = view.state is PictureState.LIVE
        self._age.setText(self.tr("live") if live else "")
        spoken = self.tr("live") if live else wording.picture_headline(view)
        if self.picture.accessibleDescription() != spoken:
            self.picture.setAccessibleDescription(spoken)


def _overlay(view: PictureView) -> tuple[PictureState, str, str]:
    return view.state, wording.picture_headline(view), wording.picture_advice(view)
