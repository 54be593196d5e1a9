"""A finished run on disk.

outputs    where its rows go, checked before any work
finished   what a run folder tells
folder     the folder: filled under another name, renamed when all is in it
handoff/   files by which trainers load the subset, and its card
manifest   versions, digests, counts, how it ended
summary    pool, picks and random subsets side by side; compared_gains: what each row adds in them;
           set_lines: the same as lines of a table
reason_words   why a row was picked or left out, in words
diagnosis  signs that it went wrong, from signs/, a file a family
dropped_rows   what a deduplication dropped
kept_cells compared_cell compared_choices    cells of a grid on disk, what they hold; all together
compared_lines   the same in words and as lines of a table
kept_trial trial_lines    a trial out of its folder; as lines of tables
measure_outcome measure_lines    what was measured; as lines of tables, as are repeats: repeat_lines
read_inputs      inputs as they were read
folder_kinds     what made a folder
row_ids    row numbers out of a folder
reread     a folder read back and checked: settings, picks, inputs
covered_files    its files against their digests
made_again close_values likely_causes    a run beside the same run made again: what differs, why
finding    the first difference
"""
