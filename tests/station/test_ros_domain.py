"""No two processes of a machine get the same ROS domain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from collector.station import ros_domain
from collector.station.ros_domain import DOMAINS, NoDomainFree, claim_domain

CLAIM = """
import sys
from pathlib import Path
from collector.station.ros_domain import claim_domain
print(claim_domain(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ros_domain, "_claims", {})


def test_every_claim_is_another_domain(tmp_path: Path) -> None:
    claimed = [claim_domain(tmp_path) for _ in DOMAINS]
    assert sorted(claimed) == list(DOMAINS)
    with pytest.raises(NoDomainFree, match="end a station or a demo first"):
        claim_domain(tmp_path)


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    theirs = int(other.stdout.readline())
    claimed = [claim_domain(tmp_path) for _ in range(len(DOMAINS) - 1)]
    assert theirs not in claimed
    other.communicate()
    assert claim_domain(tmp_path) == theirs
