"""What all tests rest on."""

import signal

# Shells start background jobs with Ctrl-C ignored, which Python and its children inherit; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
