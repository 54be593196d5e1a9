"""Settings: one frozen dataclass a stage; its fields are flags, keys of TOML and words of Python.

    groups             headings of the help texts
    settings           reading, choice, features, quality, output, computing; all of `select`
    model_settings     how rows go through a model
    measure_settings   what is measured; all of `measure`; report_settings: all of `report`
    grid_settings      a grid of choices
    compare_settings   all of `compare`; trial_settings: all of `trial`
    amounts            10000, 0.1, 10 %, 2M as people write them
    number_grids       0:1:0.1 likewise; comma_lists: a,b; written_grids: a grid in one text
    toml_files         ``--config FILE``
    saved_settings     the settings of a finished run
    told_settings      settings that are not the usual ones, as a command line

A new flag is a field here, and a check in the room that knows what it means.
"""
