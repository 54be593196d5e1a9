"""A Python with its libraries imported, forked for every command: starting them takes most of the
time that a command of the docs takes.

    python warm_server.py SOCKET              serve: one fork a request
    python warm_server.py SOCKET spanset ...  ask for a command, as `spanset` and `python` would run

The client hands over its standard streams, folder and environment, and ends with the command's exit
code. Nothing of spanset is imported before the fork.
"""

import array
import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

LIBRARIES = (
    "cyclopts",
    "rich.console",
    "rich.table",
    "pyarrow.parquet",
    "scipy.sparse",
    "sklearn.cluster",
    "sklearn.feature_extraction.text",
    "sklearn.preprocessing",
    "tokenizers",
    "safetensors.torch",
    "torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.llama.modeling_llama",
)


def serve(path):
    """Wait for requests; each is run in a fork, which answers with the exit code."""
    from importlib import import_module

    for library in LIBRARIES:
        import_module(library)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            if not os.fork():
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
            connection.close()


def answer(connection):
    """Run one request and end this process."""
    message, fds, _, _ = socket.recv_fds(connection, 2**20, 3)
    request = json.loads(message)
    for place, fd in enumerate(fds):
        os.dup2(fd, place)
        os.close(fd)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r") for n in range(3))
    code = 1
    try:
        code = run(request["command"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    connection.sendall(bytes([code]))
    os._exit(code)


def run(command):
    """`spanset ...`, `python -c CODE` or `python FILE ...`."""
    import runpy

    name, *arguments = command
    if name == "spanset":
        from spanset.cli import main

        return main(arguments)
    if arguments[0] == "-c":
        sys.argv, sys.path[0] = ["-c", *arguments[2:]], ""
        exec(compile(arguments[1], "<block>", "exec"), {"__name__": "__main__"})
        return 0
    sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).resolve().parent)
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


def ask(path, command):
    """Have a command run; its exit code."""
    request = {"command": command, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        streams = array.array("i", [0, 1, 2])
        client.sendmsg(
            [json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
        )
        code = client.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    place, *wanted = sys.argv[1:]
    sys.exit(ask(place, wanted) if wanted else serve(place))
