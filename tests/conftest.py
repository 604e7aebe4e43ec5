"""What all tests rest on."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helpers of this folder can be imported by all tests

# Shells start background jobs with Ctrl-C ignored, which Python and its children inherit; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
