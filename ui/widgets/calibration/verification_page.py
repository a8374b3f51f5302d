"""What a result projects, over the live pictures, and the tip as a person sees it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.calibration_view import InForce, WizardView
from ui.station_view import PictureView
from ui.theme import Theme
from ui.values import CAMERAS, CameraFrame
from ui.verification_overlay import Pixel, TipCheck, VerificationOverlay, check_tip
from ui.widgets.calibration.live_picture import LivePicture
from ui.widgets.camera_view import CameraView
from ui.widgets.flat_button import FlatButton
from ui.widgets.text import ElidedLabel, set_colour


class VerificationPage(QWidget):
    """Both cameras: the new result on one, what is in force on the other."""

    tip_cleared = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._overlays: dict[str, VerificationOverlay | None] = dict.fromkeys(CAMERAS)
        self._seen: dict[str, Pixel] = {}
        self._camera = CAMERAS[0]
        self._explain = ElidedLabel(1.1, lines=2)
        self._explain.setText(
            self.tr(
                "Everything drawn must lie on what it means: axes on the base, outline on the"
                " board, ring on the gripper's tip. Move the arm near and far. Click where you"
                " see the tip: the distance is told."
            )
        )
        self._said = {camera: ElidedLabel(1.1, bold=True, lines=2) for camera in CAMERAS}
        self.views: dict[str, CameraView] = {}
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        for camera in CAMERAS:
            picture = LivePicture(theme)
            picture.pressed.connect(
                lambda x, y, camera=camera: self.press(camera, (float(x), float(y)))
            )
            self.views[camera] = CameraView(camera, theme, picture)
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(self.views[camera], 1)
            column.addWidget(self._said[camera])
            pictures.addLayout(column, 1)
        self.clear = FlatButton(self.tr("Clear marks"))
        self.clear.setFixedHeight(36)
        self.clear.setMinimumWidth(140)
        self.clear.setAccessibleName(self.clear.text())
        self.clear.clicked.connect(self._clear)
        head = QHBoxLayout()
        head.addWidget(self._explain, 1)
        head.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(pictures, 1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for view in self.views.values():
            view.set_theme(theme)
        self.clear.set_theme(theme)
        for label in (self._explain, *self._said.values()):
            set_colour(label, theme.text)

    def show_frame(self, frame: CameraFrame) -> None:
        if frame.camera in self.views:
            self.views[frame.camera].show_frame(frame)

    def show_picture(self, view: PictureView) -> None:
        if view.camera in self.views:
            self.views[view.camera].show_view(view)

    def show_view(self, view: WizardView) -> None:
        self._camera = view.camera
        for camera in CAMERAS:
            self._tell(camera, view.in_force.get(camera))

    def show_overlay(self, camera: str, overlay: VerificationOverlay | None) -> None:
        self._overlays[camera] = overlay
        self._draw(camera)

    def tip_check(self, camera: str) -> TipCheck | None:
        """Return how far off the tip is, where a person pressed on it."""
        overlay, seen = self._overlays[camera], self._seen.get(camera)
        return None if overlay is None or seen is None else check_tip(overlay, seen)

    def press(self, camera: str, at: Pixel) -> None:
        """A person sees the tip ``at`` native pixels of a camera's picture."""
        self._seen[camera] = at
        self._draw(camera)
        self._tell(camera, None)

    def _clear(self) -> None:
        self._seen.clear()
        for camera in CAMERAS:
            self._draw(camera)
            self._tell(camera, None)
        self.tip_cleared.emit()

    def _draw(self, camera: str) -> None:
        picture = self.views[camera].picture
        assert isinstance(picture, LivePicture)
        picture.show_overlay(self._overlays[camera], self._seen.get(camera))

    def _tell(self, camera: str, known: InForce | None) -> None:
        overlay = self._overlays[camera]
        check = self.tip_check(camera)
        if overlay is None:
            said = self.tr("Nothing to draw: no calibration, or the arm is silent.")
        elif check is not None and check.off_mm is not None:
            said = self.tr("The tip is {0:.1f} px beside it: {1:.1f} mm there.").format(
                check.off_px, check.off_mm
            )
        elif not overlay.tip_inside:
            said = self.tr("The gripper's tip is outside of this picture.")
        elif camera == self._camera:
            said = self.tr("Drawn with the new result.")
        else:
            said = self.tr("Drawn with what is in force.")
        self._said[camera].setText(said)
