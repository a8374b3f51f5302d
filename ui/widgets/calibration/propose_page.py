"""Step 3: the poses that the arm would drive through, drawn and listed."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QListWidget, QWidget

from ui.calibration_scene import proposal_scene, tilt_rad
from ui.calibration_values import Pose7
from ui.calibration_view import WizardView
from ui.scene_projection import Scene
from ui.theme import Theme
from ui.widgets.calibration.card import Card, Tick, ground
from ui.widgets.calibration.scene_view import SceneView
from ui.widgets.text import ElidedLabel, scaled_font, set_colour
from ui.wording import sentence


class ProposePage(QWidget):
    """``confirmed`` tells whether the person allows the arm to drive."""

    confirmed = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: WizardView | None = None
        self._poses: tuple[Pose7, ...] = ()
        self.scene = SceneView(theme)
        self._card = Card(self.tr("The way of the arm"), theme)
        self._explain = ElidedLabel(1.0, lines=4)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Poses in their order"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setFont(scaled_font(self.font(), 1.05))
        self.list.currentRowChanged.connect(lambda _: self._draw())
        self.confirm = Tick(
            self.tr("The way is clear, and I watch the arm, hand at the stop"), theme
        )
        self.confirm.setFont(scaled_font(self.font(), 1.1, bold=True))
        self.confirm.toggled.connect(self.confirmed)
        column = self._card.column
        column.addWidget(self._explain)
        column.addWidget(self.list, 1)
        column.addWidget(self.confirm)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.scene, 3)
        row.addWidget(self._card, 2)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.scene.set_theme(theme)
        self._card.set_theme(theme)
        self.confirm.set_theme(theme)
        set_colour(self._explain, theme.text)
        ground(self.list, theme.surface)
        palette = self.list.palette()
        palette.setColor(QPalette.ColorRole.Text, QColor(theme.text))
        self.list.setPalette(palette)

    def show_view(self, view: WizardView) -> None:
        self._view = view
        poses = view.proposal.poses if view.proposal is not None else ()
        if poses != self._poses:
            self._poses = poses
            self.confirm.setChecked(False)  # another way is another question
            self.list.clear()
            for number, pose in enumerate(poses, 1):
                x, y, z = (1e3 * value for value in pose[:3])
                self.list.addItem(
                    self.tr("{0}.  x {1:.0f}  y {2:.0f}  z {3:.0f} mm, leans {4:.0f}°").format(
                        number, x, y, z, math.degrees(tilt_rad(pose))
                    )
                )
        self.list.setVisible(bool(poses))
        self.confirm.setVisible(bool(poses))
        self._explain.setText(self._words(view))
        self._draw()

    def _words(self, view: WizardView) -> str:
        if view.proposing:
            return self.tr("Poses within reach that show the whole board are being looked for.")
        if view.proposal is None:
            return self.tr(
                "Let poses be proposed: nothing moves before you confirm. Or move the arm by hand;"
                " views are then taken whenever the board is sharp and still."
            )
        if not self._poses:
            return sentence(view.proposal.message) or self.tr("No pose was found.")
        return self.tr(
            "The arm drives slowly and straight from one to the next. The arm's own limits hold;"
            " what stands around it is known to you alone. Choose a pose to see it."
        )

    def _draw(self) -> None:
        view = self._view
        if view is None:
            return
        if not self._poses:
            note = self.tr("Looking for poses ...") if view.proposing else self.tr("No poses yet")
            self.scene.show_scene(Scene(), note)
            return
        row = self.list.currentRow()
        known = view.in_force[view.camera].calibration
        # Where the tool is now changes all the time by a hair: drawn to the millimetre.
        tool = None if view.tool is None else _rounded(view.tool)
        self.scene.show_scene(proposal_scene(self._poses, row if row >= 0 else None, known, tool))


def _rounded(pose: Pose7) -> Pose7:
    x, y, z, a, b, c, d = (round(value, 3) for value in pose)
    return x, y, z, a, b, c, d
