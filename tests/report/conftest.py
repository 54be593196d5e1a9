"""What tests of pages share."""

import pytest
from tests.report.browser import chromium


@pytest.fixture(scope="module")
def browser():
    """A browser; tests that take it are marked `needs_browser`."""
    with chromium() as found:
        yield found
