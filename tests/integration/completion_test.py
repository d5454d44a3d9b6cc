#!/usr/bin/env python3
"""bash, zsh and fish complete what the programs know, each in the real shell.

usage: completion_test.py BUILD    with the programs of the folder BUILD (build/debug)
"""

import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/debug"
PROGRAMS = {"latchkeyd": "src/server/latchkeyd", "latchkey": "tools/latchkey", "latchkey-bench": "bench/load/latchkey-bench"}
PATIENCE_SECONDS = 120
# What a shell sends to a terminal besides text.
ESCAPES = re.compile(r"\x1b\[[0-9;?>]*[A-Za-z]|\x1b[=>]|[\r\x07]")
NOBODY = 65534

# What is typed, and what the line is once the shell has completed it.
TYPED = [
    ("latchkey user pas", "latchkey user passwd"),
    ("latchkey user add bob --password-s", "latchkey user add bob --password-stdin"),
    ("latchkey --data DATA user passwd al", "latchkey --data DATA user passwd alice"),
    ("latchkeyd --print-c", "latchkeyd --print-config"),
    ("latchkeyd --log-level w", "latchkeyd --log-level warning"),
    ("latchkeyd --log-level=w", "latchkeyd --log-level=warning"),
    ("latchkeyd --config only-o", "latchkeyd --config only-one.toml"),
    ("latchkeyd --data only-d", "latchkeyd --data only-directory/"),
    ("latchkey-bench mi", "latchkey-bench mixed"),
    ("latchkey-bench check --asse", "latchkey-bench check --assert"),
]


class Terminal:
    """A shell in a terminal of its own, and what it has shown so far."""

    def __init__(self, words: list[str], folder: pathlib.Path, environment: dict[str, str]) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """Reads until the shell has shown a whole line with this text, which it returns."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for line in self.shown.split("\n")[:-1]:
                if text in line:
                    return line
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.shown += ESCAPES.sub("", os.read(self.terminal, 65536).decode(errors="replace"))
                except OSError as error:
                    raise AssertionError(f"the shell has ended: {self.shown}") from error
        raise AssertionError(f"the shell has not shown {text!r} but {self.shown!r}")

    def end(self) -> None:
        os.close(self.terminal)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        for shell in ("bash", "zsh", "fish"):
            if not shutil.which(shell):
                raise AssertionError(f"{shell} is missing: run tools/setup --dev")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-completion-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.folder.chmod(0o755)
        for name, path in PROGRAMS.items():
            (cls.folder / "bin").mkdir(exist_ok=True)
            (cls.folder / "bin" / name).symlink_to(BUILD / path)
        (cls.folder / "only-one.toml").touch()
        (cls.folder / "only-directory").mkdir()
        (cls.folder / "functions").mkdir()
        shutil.copy(ROOT / "tools/completion/completion.zsh", cls.folder / "functions/_latchkey")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
        cls.environment = {**clean, "PATH": f"{cls.folder}/bin:{os.environ['PATH']}", "HOME": str(cls.folder),
                           "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        cls.start_server()

    @classmethod
    def start_server(cls) -> None:
        data = cls.folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        server = subprocess.Popen(
            [cls.folder / "bin/latchkeyd", "--create", "--data", data, "--listen", "127.0.0.1:0", "--cores", "1",
             "--hash-memory", "1MiB", "--hash-passes", "1"], env=cls.environment, stderr=subprocess.PIPE, text=True)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.stderr.close)
        cls.addClassCleanup(server.terminate)
        for line in server.stderr:
            if "listening on" in line:
                break
        subprocess.run([cls.folder / "bin/latchkey", "--data", data, "user", "add", "alice", "--password-stdin"],
                       env=cls.environment, input="pass word\n", text=True, check=True, stdout=subprocess.DEVNULL)

    def complete_in(self, shell: Terminal) -> None:
        self.addCleanup(shell.end)
        for number, (typed, wanted) in enumerate(TYPED):
            mark = f"MARK{number}="
            # The line, a tab, and then in front of the line what shows it.
            shell.type(typed.replace("DATA", str(self.folder / "data")) + "\t")
            shell.type(f"\x01printf '%s ' {mark[:-1]}'=' \x05\r")
            line = shell.wait_for(mark + " ")
            # zsh takes the slash behind a directory away again where none follows.
            found = line.partition(mark + " ")[2].rstrip(" /")
            self.assertEqual(found.split(), wanted.replace("DATA", str(self.folder / "data")).rstrip("/").split())

    def test_bash(self) -> None:
        shell = Terminal(["bash", "--norc", "--noprofile", "-i"], self.folder, self.environment)
        shell.type(f"source {ROOT}/tools/completion/completion.bash; bind 'set enable-bracketed-paste off'; PS1='\\n'; echo IS-\"\"READY\r")
        shell.wait_for("IS-READY")
        self.complete_in(shell)

    def test_zsh(self) -> None:
        shell = Terminal(["zsh", "-f", "-i"], self.folder, self.environment)
        shell.type("unsetopt prompt_cr prompt_sp; fpath=($HOME/functions $fpath); autoload -Uz compinit; compinit -u -d $HOME/dump; "
                   "unset zle_bracketed_paste; bindkey -e; PS1=$'\\n'; echo IS-\"\"READY\r")
        shell.wait_for("IS-READY")
        self.complete_in(shell)

    def test_fish(self) -> None:
        for typed, wanted in TYPED:
            typed, wanted = (text.replace("DATA", str(self.folder / "data")) for text in (typed, wanted))
            found = subprocess.run(
                ["fish", "--no-config", "-c", f"source {ROOT}/tools/completion/completion.fish; complete -C '{typed}'"],
                cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True).stdout
            self.assertEqual([line.split("\t")[0] for line in found.splitlines()], [wanted.split()[-1]], typed)

    def test_nothing_but_what_the_program_has(self) -> None:
        offered = subprocess.run([BUILD / PROGRAMS["latchkey"], "__complete", "user", ""], capture_output=True, text=True,
                                 env=self.environment, check=True).stdout
        shown = subprocess.run([BUILD / PROGRAMS["latchkey"], "user", "--help"], capture_output=True, text=True,
                               env=self.environment, check=True).stdout
        shown = re.split("\nsubcommands: *\n", shown, flags=re.IGNORECASE)[1]
        self.assertEqual([line.split("\t")[0] for line in offered.splitlines()],
                         [line.split()[0] for line in shown.splitlines() if line[2:3] not in ("", " ")])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
