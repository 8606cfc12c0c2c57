import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Reading every row with a language model would double the time of the many builds in these tests;
# tests/validate/test_models.py and one build of test_build.py have it on.
os.environ.setdefault("SRLLM_VALIDATE__FLUENCY", "null")
# So would writing every rewrite with one; tests/rewrite/test_embedded.py has the adapter on.
os.environ.setdefault("SRLLM_REWRITE__ADAPTER", "null")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public data that is not part of the repository; tests that need it skip without it."""
    folder = Path(os.environ.get("SRLLM_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the real development data in {folder} (or SRLLM_SHARED_DATA)")
    return folder
