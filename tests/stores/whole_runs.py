"""Rows of the stores that whole runs make, and what a refused run must look like."""

from tests.models.model_folder import talk_rows

from spanset.cli import main

ROWS = talk_rows(40, copies=5)


def refused(capsys, *arguments, code, says=()):
    """The command is refused with one message."""
    capsys.readouterr()
    assert main(arguments) == code
    err = capsys.readouterr().err
    assert err.count("error: ") == err.count("  fix: ") == 1, err
    assert "Traceback" not in err
    for word in says:
        assert word in err, err
    return err
