"""The built programs: what they say, and a server that has just started."""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.request

TEST_USER = 64000
PATIENCE_SECONDS = 120
PLACES = {"latchkeyd": "src/server/latchkeyd", "latchkey": "tools/latchkey", "latchkey-bench": "bench/load/latchkey-bench"}


def said_by(build: pathlib.Path, program: str, *words: str) -> str:
    """What a program of the build's folder says, with nothing set in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    return subprocess.run([build / PLACES[program], *words], env=environment, capture_output=True, text=True,
                          check=True).stdout


@contextlib.contextmanager
def serving(latchkeyd, *flags: str):
    """The lines that a new server writes, up to the last of where it listens. It ends behind the block."""
    with tempfile.TemporaryDirectory() as directory:
        if os.geteuid() == 0:
            os.chown(directory, TEST_USER, TEST_USER)
        command = [latchkeyd, "--data", f"{directory}/data", "--create", "--cores", "2", "--listen", "127.0.0.1:0",
                   "--admin-listen", "127.0.0.1:0", "--hash-memory", "1MiB", "--hash-passes", "1", *flags]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                lines = []
                for line in server.stderr:
                    lines.append(line)
                    if "(health and metrics)" in line:
                        break
                yield "".join(lines)
            finally:
                server.terminate()
                server.stderr.read()


def answer_of(lines: str, kind: str, path: str) -> str:
    """What the server answers at `path` of the address behind which `kind` stands in its lines."""
    address = re.search(rf"listening on (http://\S+){re.escape(kind)}$", lines, re.MULTILINE)[1]
    with urllib.request.urlopen(address + path, timeout=PATIENCE_SECONDS) as answer:
        return answer.read().decode()
