"""Runs `compexact` and Python scripts in forks of one process that has torch imported, for tests that start dozens.

A command is answered as a new process would: with its own folder, environment, streams and exit code.  Only what a
command does *before* torch is imported cannot be seen in this way.
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

CLIENT = """#!{python} -IS
import json, os, socket, sys
asked = json.dumps([{kind!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [len(asked).to_bytes(4)], [0, 1, 2])
    server.sendall(asked)
    sys.exit(int(server.recv(8) or b"70"))
"""


@contextmanager
def command_server(folder: Path) -> Iterator[dict[str, str]]:
    """`PY` and `CX`: what stands for `python` and `compexact` while this goes on."""
    address = folder / "socket"
    ready, write = os.pipe()
    server = Popen([sys.executable, __file__, str(address), str(write)], pass_fds=[write])
    os.close(write)
    try:
        assert os.read(ready, 1), "the server of commands did not start"
        paths = {}
        for name, kind in (("PY", "python"), ("CX", "compexact")):
            client = folder / kind
            client.write_text(CLIENT.format(python=sys.executable, kind=kind, address=str(address)))
            client.chmod(0o755)
            paths[name] = str(client)
        yield paths
    finally:
        os.close(ready)
        server.kill()
        server.wait()


def serve(address: str, ready: int) -> None:
    """Answer until killed, each command by a fork that waits for a fork."""
    import torch  # noqa: F401

    import compexact.experiments.cli
    import compexact.probes.models
    import compexact.probes.vision.probe  # noqa: F401

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(ready, b"1")
        while True:
            client, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                answer(client)
            client.close()
            reap()


def reap() -> None:
    """Forget the forks that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def answer(client: socket.socket) -> None:
    """Do what the client asks for, and tell it the exit code."""
    length, streams, _, _ = socket.recv_fds(client, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(length):
        asked += client.recv(1 << 16)
    at_work = os.fork()
    if at_work == 0:
        client.close()
        os._exit(done(streams, *json.loads(asked)))
    code = os.waitstatus_to_exitcode(os.waitpid(at_work, 0)[1])
    client.sendall(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def done(streams: list[int], kind: str, words: list[str], folder: str, environment: dict[str, str]) -> int:
    """The exit code of a command in this process."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # Those of the server know whether its own files can be moved in.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(":") if path]
    try:
        run(kind, words)
        code: object = 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(str(code))


def run(kind: str, words: list[str]) -> None:
    """What a new process would do with these words on its command line."""
    if kind == "compexact":
        from compexact.experiments.__main__ import main

        sys.argv = ["compexact", *words]
        main()
    else:
        here = str(Path(words[0]).resolve().parent) if words[0] not in ("-c", "-") else ""
        text = words.pop(1) if words[0] == "-c" else sys.stdin.read() if words[0] == "-" else None
        sys.argv, sys.path[:0] = words, [here]
        with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
            if text is not None:
                script.write(text)
                script.flush()
            runpy.run_path(words[0] if text is None else script.name, run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
