"""A few of the kills of `make kills`."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_command_that_was_killed_goes_on_as_if_nothing_had_been():
    script = Path(__file__).with_name("kills.py")
    ended = subprocess.run([sys.executable, script, "--kills", "3"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ", 0 failures" in ended.stdout
