#!/usr/bin/env python3
"""Whatever a script starts ends with it, even if a signal ends the script.

usage: scripts_test.py BUILD    with the programs of the folder BUILD (build/debug)

This process adopts what a script leaves behind, so it finds all of that, whoever started it. The shell scripts run in
a small tree of their own. There tools/setup has nothing to do, and what tools/build starts never ends.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))

import guard  # noqa: E402

BUILD = ROOT / "build/debug"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.05

# Only one version of clang's tools judges, and not every Debian has it.
LINT = ("lint",) if shutil.which("clang-tidy-16") else ()

# A build that never ends: a child, a child in its own session, an orphan, and one that ignores SIGHUP.
ENDLESS_BUILD = """#!/bin/bash
sleep 1000 &
setsid sleep 1000 &
(sleep 1000 &)
nohup sleep 1000 >/dev/null 2>&1 &
wait
"""
NOTHING_TO_DO = "#!/bin/bash\n"
MESON_BUILD = """project('endless', version: '0.1.0')
custom_target('endless', output: 'endless', command: ['sleep', '1000'], build_by_default: true)
"""


def names_below(pid):
    names = []
    for found in guard.below(pid):
        with contextlib.suppress(OSError):
            names.append(pathlib.Path(f"/proc/{found}/comm").read_text().strip())
    return names


def wait_until(condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_SECONDS)
    return True


class Scripts(unittest.TestCase):
    def setUp(self):
        guard.prctl(guard.PR_SET_CHILD_SUBREAPER, 1)
        # A script keeps ignoring what it was started to ignore, as by nohup. These have to start as from a terminal.
        for number in SIGNALS:
            if number != signal.SIGKILL and signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        # A short path: a server's admin socket, deep below, has only 107 bytes for its own.
        scratch = tempfile.TemporaryDirectory(prefix="ls-")
        self.addCleanup(scratch.cleanup)
        self.addCleanup(self.end_all)
        self.tree = pathlib.Path(scratch.name)
        # tools/run serves as a different user.
        self.tree.chmod(0o755)

    def end_all(self):
        for pid in guard.below(os.getpid()):
            guard.send(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def make_tree(self, setup=NOTHING_TO_DO, build=None):
        for name in ("tools", "bench", "tests/fuzz"):
            shutil.copytree(ROOT / name, self.tree / name, dirs_exist_ok=True)
        for name, text in (("setup", setup), ("build", build)):
            if text is not None:
                (self.tree / "tools" / name).write_text(text)
        release = self.tree / "build/release"
        release.mkdir(parents=True, exist_ok=True)
        for name in ("latchkeyd", "latchkey", "latchkey-bench"):
            if not (release / name).exists():
                shutil.copy(BUILD / name, release / name)

    def start(self, command):
        environment = {**os.environ, "TMPDIR": str(self.tree / "t")}
        (self.tree / "t").mkdir(exist_ok=True)
        with open(self.tree / "log", "ab") as log:
            return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd=self.tree, env=environment)

    def log(self):
        return (self.tree / "log").read_text(errors="replace")

    def expect_all_ends(self, command, number, is_at_work):
        """Given a script at work, when a signal ends it, then nothing that it started is left."""
        script = self.start(command)
        self.assertTrue(wait_until(lambda: is_at_work(script) or script.poll() is not None),
                        f"it never came to work: {names_below(script.pid)}\n{self.log()}")
        self.assertIsNone(script.poll(), f"it ended by itself:\n{self.log()}")
        script.send_signal(number)
        status = script.wait(PATIENCE_SECONDS)
        own = os.getpid()
        wait_until(lambda: not guard.below(own))
        self.assertEqual([], names_below(own), self.log())
        return status

    def for_each_signal(self, name, command, is_at_work, statuses=lambda number: (-number,)):
        for number in SIGNALS:
            with self.subTest(script=name, signal=number.name):
                try:
                    status = self.expect_all_ends(command, number, is_at_work)
                    if number != signal.SIGKILL:
                        self.assertIn(status, statuses(number), self.log())
                finally:
                    self.end_all()
                    (self.tree / "log").write_text("")

    def test_a_script_of_the_shell_ends_what_it_started(self):
        self.make_tree(build=ENDLESS_BUILD)
        for words in ("run", "test --quick", "crash", "sim", "fuzz settings", *LINT):
            name, *arguments = words.split()
            # An orphan whose ancestors do not adopt it leaves the script's tree, and is then found below this
            # process.
            self.for_each_signal(f"tools/{name}", [self.tree / "tools" / name, *arguments],
                                 lambda _: names_below(os.getpid()).count("sleep") >= 4)

    def test_a_build_ends_its_compilers(self):
        self.make_tree()
        (self.tree / "meson.build").write_text(MESON_BUILD)
        self.for_each_signal("tools/build", [self.tree / "tools/build", "debug"],
                             lambda _: "sleep" in names_below(os.getpid()))

    def test_run_ends_its_server(self):
        self.make_tree(build=NOTHING_TO_DO)
        os.environ["LATCHKEY_LISTEN"] = "127.0.0.1:0"
        self.addCleanup(os.environ.pop, "LATCHKEY_LISTEN")
        # The server ends in order, and so does the script.
        self.for_each_signal("tools/run", [self.tree / "tools/run"], lambda _: "Ctrl-C ends it" in self.log(),
                             lambda _: (0,))

    def test_a_benchmark_ends_its_servers_and_loaders(self):
        # Nothing that is at work here needs a CPU of its own.
        cpus = ["--server-cpu", min(os.sched_getaffinity(0)), "--loader-cpu", max(os.sched_getaffinity(0))]
        storm = ["--only", "storm", "--rounds", 0, "--storm-rounds", 1, "--storm-seconds", 1000, *cpus]
        for name, arguments, names in (
            ("compare", ["--only", "floor", "--seconds", 1000, "--no-storm", *cpus], {"floor", "latchkey-bench"}),
            ("compare", storm, {"latchkeyd", "latchkey-bench"}),
            ("overload", ["--seconds", 1000, *cpus], {"latchkeyd", "latchkey-bench"}),
            ("scale", ["--only", "idle", "--connections", "10"], {"latchkeyd", "latchkey-bench"}),
        ):
            with self.subTest(benchmark=name, arguments=arguments):
                self.for_each_signal(f"bench/{name}", [ROOT / "bench" / name, "--build", BUILD, *arguments],
                                     lambda _: names <= set(names_below(os.getpid())))
                self.assertEqual([], os.listdir(self.tree / "t"), "what it made for itself is left")

    def test_no_signal_is_ignored_that_was_not_ignored_before(self):
        self.make_tree(build="#!/bin/bash\nsed -n 's/^SigIgn:\\t//p' /proc/self/status >ignored\nexit 1\n")
        self.start([self.tree / "tools/sim"]).wait(PATIENCE_SECONDS)
        own = pathlib.Path("/proc/self/status").read_text().split("SigIgn:")[1].split()[0]
        # subprocess restores the signals that Python itself ignores.
        of_python = (1 << signal.SIGPIPE - 1) | (1 << signal.SIGXFSZ - 1)
        self.assertEqual(int(own, 16) & ~of_python, int((self.tree / "ignored").read_text(), 16))

    def test_what_is_left_behind_ends_with_a_script_that_ends_by_itself(self):
        self.make_tree(build="#!/bin/bash\nsetsid sleep 1000 &\nexit 1\n")
        script = self.start([self.tree / "tools/sim"])
        self.assertEqual(1, script.wait(PATIENCE_SECONDS), self.log())
        self.assertEqual([], names_below(os.getpid()))

    def test_what_ignores_sigterm_is_not_cut_off(self):
        self.make_tree(build="#!/bin/bash\ntrap '' TERM\ntouch began\nread -r <>go\ntouch ended\n")
        os.mkfifo(self.tree / "go")
        script = self.start([self.tree / "tools/sim"])
        self.assertTrue(wait_until((self.tree / "began").exists), self.log())
        script.send_signal(signal.SIGTERM)
        self.assertTrue(wait_until(lambda: "sim" not in names_below(os.getpid())), "the script itself does not wait")
        script.send_signal(signal.SIGTERM)
        with open(self.tree / "go", "w", encoding="ascii") as go:
            go.write("go\n")
        self.assertEqual(-signal.SIGTERM, script.wait(PATIENCE_SECONDS), self.log())
        self.assertTrue((self.tree / "ended").exists(), self.log())


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
