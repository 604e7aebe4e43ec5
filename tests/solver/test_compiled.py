"""Compiled functions are kept on disk, and made anew when what they call has changed."""

from __future__ import annotations

import subprocess
import sys

INNER = "from compexact.solver.compiled import compiled\n@compiled\ndef inner(x):\n    return x + {}\n"
OUTER = (
    "from inner import inner\nfrom compexact.solver.compiled import compiled\n"
    "@compiled\ndef outer(x):\n    return 2 * inner(x)\n"
)
ASK = "from outer import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"


def test_a_kept_function_is_compiled_anew_when_a_function_of_another_file_changes(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER)
    answers = []
    for added in (1, 1, 30):
        if not answers or added == 30:
            (tmp_path / "inner.py").write_text(INNER.format(added))
        done = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True)
        answers.append(done.stdout.strip())
    assert answers == ["4 0", "4 1", "62 0"]
