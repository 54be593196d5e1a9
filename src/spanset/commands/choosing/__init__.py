"""What `select`, `compare`, `trial`, `why` and `report` share: settings to candidates, and back.

selection_task  what is asked, checked; its stages: read, represent, leave out, score, candidates
pool            rows with their features and scores, and rows beside them
avoiding        rows that are left out: near evaluation data, copies of a target
other_rows      rows beside the data: given, a target, evaluations
choice_checks   options that do not go together
run_again       a finished run's choice made again from its folder
judged_choice   what a choice amounts to: beside random rows, between inputs, what looks wrong
selection_report    the page of it
"""
