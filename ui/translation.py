"""The console in another language: `console_<locale>.qm`, made with `make translations`."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

FOLDER = Path(__file__).parent / "translations"


def install_translation(
    application: QCoreApplication, locale: QLocale, folder: Path = FOLDER
) -> QTranslator | None:
    """Let the application speak the locale's language; None, and English, where there is none.

    To be called before anything is shown: a text is looked up when it is made.
    """
    translator = QTranslator(application)
    if not translator.load(locale, "console", "_", str(folder)):
        return None
    application.installTranslator(translator)
    return translator
