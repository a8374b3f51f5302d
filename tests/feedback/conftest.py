import sys
from pathlib import Path

# The made-up recordings of the episode tests are measured here too.
sys.path.append(str(Path(__file__).parent.parent / "episode"))
