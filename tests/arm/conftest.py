from __future__ import annotations

import pytest
from controlled_arm import ControlledArm


@pytest.fixture
def arm() -> ControlledArm:
    return ControlledArm()
