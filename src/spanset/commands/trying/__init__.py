"""Parts of `trial`.

trial_checks       what is asked, checked before anything is read
trial_rows         what may be picked, and what is held out
trial_candidates   choices of the grid, and those that were made before
trial_evaluations  what judges the models
trial_prepared     all of these before the first training
trial_plan         what a trial would take
"""
