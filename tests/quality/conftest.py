import pytest

from srllm_data.config import Config, without_sources


@pytest.fixture(scope="session")
def config() -> Config:
    """The default configuration, with the project's own suites."""
    return without_sources()
