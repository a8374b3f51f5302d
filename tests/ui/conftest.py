"""Qt without a display; time in hand; a station that the tests play."""

from __future__ import annotations

import os

# Before anything makes an application: there is no display where tests run.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
