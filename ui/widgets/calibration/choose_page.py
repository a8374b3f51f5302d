"""Step 1: which camera, how large the board is, who calibrates."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui import calibration_wording as wording
from ui.calibration_view import InForce, Square, WizardView
from ui.sign import Shape
from ui.theme import Theme
from ui.values import CAMERAS
from ui.widgets.calibration.board_drawing import BoardDrawing
from ui.widgets.calibration.card import Card, Field, Number, Tick
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import ElidedLabel, scaled_font, set_colour


class CameraCard(QAbstractButton):
    """One camera: how it is set up, and what is in force."""

    def __init__(self, camera: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.camera = camera
        self._theme = theme
        self._title = ElidedLabel(1.35, bold=True)
        self._title.setText(wording.camera_title(camera))
        self._setup = ElidedLabel(1.0, lines=2)
        self._setup.setText(wording.setup_words(camera))
        self._known = ElidedLabel(1.0, lines=3)
        column = QVBoxLayout(self)
        column.setContentsMargins(52, 10, 14, 10)
        column.setSpacing(4)
        for label in (self._title, self._setup, self._known):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        column.addStretch(1)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(124)
        self.setAccessibleName(self._title.text())
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(420, 132)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        set_colour(self._title, theme.text)
        set_colour(self._setup, theme.muted)
        set_colour(self._known, theme.text)
        self.update()

    def show_known(self, known: InForce) -> None:
        self._known.setText(wording.in_force_words(known))
        self.setAccessibleDescription(f"{self._setup.text()} {self._known.text()}")

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked()
        edge = theme.text if chosen else theme.border
        painter.setPen(QPen(QColor(edge), 2 if chosen else 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(4, 4, -5, -5), 4, 4)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 6, 6)
        mark = self.rect().adjusted(18, 16, 0, 0)
        mark.setSize(QSize(22, 22))
        ink = QColor(theme.text if chosen else theme.muted)
        draw_symbol(painter, Shape.TARGET if chosen else Shape.RING, mark.toRectF(), ink)


class ChoosePage(QWidget):
    """``camera_chosen`` has a camera; ``board_entered`` all that was typed of the board."""

    camera_chosen = Signal(str)
    board_entered = Signal(str, int, str, bool)  # width, squares, ruler, as it was meant
    person_entered = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._square = Square.EMPTY
        self.cards = {camera: CameraCard(camera, theme) for camera in CAMERAS}
        self._group = QButtonGroup(self)
        for card in self.cards.values():
            self._group.addButton(card)
            card.clicked.connect(lambda _=False, name=card.camera: self.camera_chosen.emit(name))
        self._cameras = Card(self.tr("Which camera?"), theme)
        for card in self.cards.values():
            self._cameras.column.addWidget(card)
        self._cameras.column.addStretch(1)
        self._who = Card(self.tr("Who calibrates?"), theme)
        self.person = Field(self.tr("Your name"), theme)
        self.person.setPlaceholderText(self.tr("your name or initials, kept with the result"))
        self.person.setMaxLength(80)
        self.person.textChanged.connect(self.person_entered)
        self._who.column.addWidget(self.person)
        self._board = Card(self.tr("How large is the board?"), theme)
        self._explain = ElidedLabel(1.0, lines=5)
        self._explain.setText(
            self.tr(
                "Printers scale: a board that is 0.5 % off moves the camera by 2.5 mm. First the"
                " ruler below the squares: is it 100 mm long? Then the width of all squares in a"
                " row, outer edge to outer edge, to 0.1 mm with calipers or a steel rule."
            )
        )
        self._drawing = BoardDrawing(theme)
        self.width_field = Field(self.tr("Width of all squares, mm"), theme)
        self.width_field.setPlaceholderText("180.0")
        self.ruler = Field(self.tr("Length of the ruler, mm"), theme)
        self.ruler.setPlaceholderText("100.0")
        self.squares = Number(self.tr("Squares in a row"), theme)
        self.squares.setRange(3, 40)
        self.squares.setValue(6)
        self.as_meant = Tick(self.tr("Take the board as it was meant: it was not measured"), theme)
        self.as_meant.setFont(scaled_font(self.font(), 1.0))
        self._said = ElidedLabel(1.15, bold=True, lines=3)
        self._lay_out()
        for field in (self.width_field, self.ruler):
            field.textChanged.connect(self._enter)
        self.squares.valueChanged.connect(self._enter)
        self.as_meant.toggled.connect(self._enter)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        names = (self.tr("Ruler, mm"), self.tr("Width, mm"), self.tr("Squares in a row"))
        self._names = []
        for column, (name, field) in enumerate(
            zip(names, (self.ruler, self.width_field, self.squares), strict=True)
        ):
            label = ElidedLabel(1.0)
            label.setText(name)
            self._names.append(label)
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
            grid.setColumnStretch(column, 1)
        board = self._board.column
        board.addWidget(self._explain)
        board.addWidget(self._drawing, 1)
        board.addLayout(grid)
        board.addWidget(self._said)
        board.addWidget(self.as_meant)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self._cameras, 1)
        left.addWidget(self._who)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(left, 1)
        row.addWidget(self._board, 1)
        order = [*self.cards.values(), self.person, self.ruler, self.width_field, self.squares]
        for one, other in zip(order, [*order[1:], self.as_meant], strict=True):
            QWidget.setTabOrder(one, other)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in (*self.cards.values(), self._cameras, self._who, self._board, self._drawing):
            part.set_theme(theme)
        for field in (self.person, self.width_field, self.ruler, self.squares, self.as_meant):
            field.set_theme(theme)
        set_colour(self._explain, theme.text)
        for label in self._names:
            set_colour(label, theme.muted)
        self._paint_square()

    def show_view(self, view: WizardView) -> None:
        for name, known in view.in_force.items():
            if name in self.cards:
                self.cards[name].show_known(known)
                self.cards[name].setChecked(name == view.camera)
        if self.person.text() != view.person:
            self.person.setText(view.person)
        self._square = view.square.state
        self._said.setText(wording.square_words(view.square))
        self._paint_square()

    def _paint_square(self) -> None:
        good = self._square is Square.GOOD
        quiet = self._square is Square.EMPTY
        theme = self._theme
        set_colour(self._said, theme.muted if quiet else theme.good if good else theme.abnormal)

    def _enter(self) -> None:
        meant = self.as_meant.isChecked()
        for field in (self.width_field, self.ruler, self.squares):
            field.setEnabled(not meant)
        self.board_entered.emit(
            self.width_field.text(), self.squares.value(), self.ruler.text(), meant
        )
