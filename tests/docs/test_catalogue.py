"""Every row of the page of bad input has a test."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/bad_input.md").read_text().split("## Word for word")[0]
ROWS = [row for row in re.findall(r"^\| (.+?) \| [^|]+ \|$", PAGE, re.MULTILINE) if row not in ("what", "---")]
TESTS = set(re.findall(r"^def (test_\w+)", "\n".join(f.read_text() for f in (ROOT / "tests").rglob("*.py")), re.M))

TRIED_BY = {
    "activations that are NaN": "test_activations_that_are_no_numbers_are_refused",
    "a dead, constant or full unit": "test_dead_and_constant_units_are_noted_and_no_error",
    "a layer that is not there": "test_layers_that_are_not_there_or_not_named_are_refused",
    "a layer whose units nothing": "test_where_nothing_tells_the_axis_the_layer_is_refused_and_may_be_named",
    "tokens that are no grid": "test_tokens_that_are_no_grid_are_refused_and_so_is_a_wrong_number_to_skip",
    "a model that takes another": "test_a_model_of_one_channel_is_told_so_and_not_another_size",
    "weights with a pickle": "test_a_pickle_payload_is_refused_and_not_run",
    "weights with missing": "test_missing_and_unknown_names_are_counted_and_the_first_five_named",
    "a device that is not there": "test_a_device_that_is_absent_is_refused_and_not_replaced",
    "one image twice": "test_one_image_or_one_map_twice_is_refused",
    "an id of a label map": "test_labels_may_be_ignored_and_pictures_without_labels_left_out",
    "labels that are unknown": "test_classes_without_known_names_are_refused_with_the_way_to_name_them",
    "classes of a model": "test_a_model_of_three_classes_is_asked_for_two_where_the_labels_are",
    "word vectors": "test_one_bad_line_is_left_out_and_told_and_many_are_another_kind_of_file",
    "no images": "test_datasets",
    "a picture with transparent": "test_colours_under_transparent_points_never_count",
    "a synset": "test_a_wrong_sense_is_refused_with_the_nearest",
    "WordNet that is not": "test_wordnet_that_is_not_installed_or_has_no_lexicon_is_said",
    "files of WordNet": "test_files_that_do_not_belong_together_are_refused",
    "an index that leads": "test_a_path_that_leads_out_of_the_root_is_refused_and_shown_escaped",
    "names of concepts": "test_an_empty_or_unseen_name_is_refused_and_shown_escaped",
    "names in arrays": "test_two_names_that_look_the_same_are_refused_as_a_pair",
    "a pipe, device": "test_no_file_of_a_probe_may_be_anything_else",
    "an array in a probe": "test_a_probe_folder_has_the_rule_of_names_that_arrays_have",
    "JSON that is nested": "test_a_damaged_json_file_is_refused",
    "a file or archive": "test_an_archive_that_unpacks_to_more_than_it_claims_is_refused",
    "arrays of the wrong": "test_arrays",
    "formulas that do not": "test_formulas",
    "lengths, beam sizes": "test_explain_options",
    "an output that is taken": "test_an_output_that_is_taken_is_kept",
    "a probe or run that is damaged": "test_every_flipped_bit_cut_and_missing_file_is_noticed",
    "a run's file": "test_damaged_and_unfinished_runs_are_refused",
    "a run's line whose": "test_going_on_with_an_edited_run_is_refused_in_a_line_that_names_it",
    "a run's line that claims": "test_a_proof_claimed_without_a_certificate_is_rejected",
    "a certificate of a run": "test_going_on_says_what_to_do_about_a_lost_certificate",
    "a unit of a run": "test_a_deleted_line_is_missing",
    "a disk that gets full": "test_a_full_disk_is_one_line_and_the_same_command_goes_on_later",
    "an stdout": "test_a_full_stdout_is_one_line",
    "`ls` of a folder": "test_a_folder_that_is_nothing_of_ours_and_damaged_ones_are_refused_in_one_line",
    "a run that another": "test_a_second_process_in_a_run_is_turned_away",
    "escape sequences": "test_paths_with_control_characters_are_shown_escaped",
}
"""By how a row begins: one of the tests that try it."""


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_tried_by_a_test(row):
    (tried_by,) = [test for begins, test in TRIED_BY.items() if row.startswith(begins)]
    assert tried_by in TESTS


def test_no_entry_is_left_of_a_row_that_is_gone():
    assert [begins for begins in TRIED_BY if not any(row.startswith(begins) for row in ROWS)] == []
