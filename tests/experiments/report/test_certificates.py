"""What the report says of a line's certificate."""

import json

from compexact.experiments.report.certificates import read_certificate
from compexact.experiments.report.site import write_report
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import save_probe


def test_a_certificate_is_named_with_its_proof(proven, tmp_path):
    run, probe = proven
    note = read_certificate(run, run.records["good"])
    assert note.problem is None
    assert note.proof == json.loads((run.path / note.file).read_text())["proof"]
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert f"<code>{note.file}</code>, proof by <b>{note.proof}</b>" in page
    assert "compexact verify run" in page


def test_a_certificate_of_another_claim_is_called_out(proven, tmp_path):
    run, probe = proven
    file = run.path / run.records["good"]["certificate"]
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"bound": [1, 1], "iou": [1, 3]}))
    assert "claims something else" in read_certificate(run, run.records["good"]).problem
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert "would be rejected" in page
    for other in ({"max_length": content["max_length"] + 1}, {"space": "tree"}):
        file.write_text(json.dumps(content | other))
        assert "claims something else" in read_certificate(run, run.records["good"]).problem
    file.write_text(json.dumps(content))
    assert "not the file that was kept" in read_certificate(run, run.records["good"]).problem
    file.write_text("{")
    assert "damaged" in read_certificate(run, run.records["good"]).problem
    file.unlink()
    for target in (file, "/dev/zero", file.parent):
        file.symlink_to(target)
        assert "damaged" in read_certificate(run, run.records["good"]).problem
        file.unlink()
    assert "missing" in read_certificate(run, run.records["good"]).problem
    outside = run.records["good"] | {"certificate": "../../secret"}
    assert "leads out" in read_certificate(run, outside).problem


def test_a_run_without_certificates_says_so(watery, tmp_path):
    probe = save_probe(watery, tmp_path / "probe")
    run = run_units(probe, ["good"], SearchSettings(), tmp_path / "run")
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert "No certificate is in the run: this engine proves nothing" in page
