"""Judges sources with clang-tidy, and remembers those in which it found nothing (tools/lint).

usage: lint.py --tidy PROGRAM --scanner PROGRAM --build FOLDER --memory FOLDER [--anew] FILE...

A judgement depends on the texts of the source and of all headers that it includes, on the .clang-tidy files
above them, on the compiler's command and on clang-tidy itself. A hash of all these names it in the memory.
The memory is a folder of empty files that any number of runs, of any clone, may read and write at once.
System headers are identified by path, size and time, which a new package changes. Findings are never
remembered, nor is a source that changed meanwhile.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Raise it if the meaning of the hashed data changes.
FORMAT = 1
# Enough for some forty different trees; the longest unused are removed first.
MOST_REMEMBERED = 8192
# clang-tidy's lines on how many warnings it suppressed; they are not findings.
COUNTS = re.compile(r"^\d+ warnings? (generated|treated)|^Suppressed \d+ warnings")


class Memory:
    """A folder with the names of the clean judgements."""

    def __init__(self, folder: pathlib.Path, most: int = MOST_REMEMBERED):
        self.folder = folder
        self.most = most
        folder.mkdir(parents=True, exist_ok=True)

    def knows(self, name: str) -> bool:
        try:
            os.utime(self.folder / name)
            return True
        except OSError:
            return False

    def remember(self, name: str) -> None:
        (self.folder / name).touch()

    def forget(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def forget_the_oldest(self) -> None:
        """Removes the longest unused. Another run may be doing the same."""
        used: list[tuple[float, str]] = []
        for entry in os.scandir(self.folder):
            try:
                used.append((entry.stat().st_mtime, entry.path))
            except FileNotFoundError:
                pass
        for _, path in sorted(used)[: max(0, len(used) - self.most)]:
            pathlib.Path(path).unlink(missing_ok=True)


class Texts:
    """Identifies files by their contents; looks at each only once."""

    def __init__(self, root: pathlib.Path):
        self.root = str(root)
        self.known: dict[str, list[object]] = {}

    def identity(self, path: str) -> list[object]:
        """Raises OSError if there is no such file."""
        if path not in self.known:
            place = os.path.realpath(path)
            if place.startswith(self.root + os.sep):
                text = pathlib.Path(place).read_bytes()
                self.known[path] = [os.path.relpath(place, self.root), hashlib.sha256(text).hexdigest()]
            else:
                state = os.stat(place)
                self.known[path] = [place, state.st_size, state.st_mtime_ns]
        return self.known[path]

    def configurations(self, paths: list[str]) -> list[list[object]]:
        """The .clang-tidy files in the folders of the paths, and in the tree's folders above those."""
        folders = {self.root}
        for path in paths:
            folder = os.path.dirname(os.path.realpath(path))
            while folder.startswith(self.root + os.sep) and folder not in folders:
                folders.add(folder)
                folder = os.path.dirname(folder)
        found = [os.path.join(folder, ".clang-tidy") for folder in sorted(folders)]
        return [self.identity(path) for path in found if os.path.exists(path)]


def commands_of(build: pathlib.Path) -> dict[str, dict[str, str]]:
    """One command per source, by the source's path. clang-tidy would judge a source that is compiled for
    several targets once per target, although the text is the same. The command is its room's, not a test's."""
    commands: dict[str, dict[str, str]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if path not in commands or commands[path]["output"].startswith("tests/"):
            words = shlex.split(entry["command"])
            if os.path.basename(words[0]) == "ccache":
                words = words[1:]
            # The scanner finds the compiler's own headers only by the compiler's full path.
            words[0] = os.path.join("/usr/bin", words[0])
            commands[path] = {**entry, "command": shlex.join(words)}
    return commands


def write_commands(folder: pathlib.Path, commands: list[dict[str, str]]) -> None:
    (folder / "compile_commands.json").write_text(json.dumps(commands, indent=1), encoding="utf-8")


def parse_rules(text: str) -> list[list[str]]:
    """The prerequisites of each rule of a makefile; the first is the source."""
    rules = []
    for line in text.replace("\\\n", " ").splitlines():
        words = [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in re.findall(r"(?:\\.|\S)+", line)]
        if words:
            rules.append(words[1:])
    return rules


def files_read(scanner: str, folder: pathlib.Path, workers: int) -> dict[str, list[str]]:
    """All files that the preprocessor reads for each source. A source that it cannot finish is left out."""
    scan = subprocess.run([scanner, "-j", str(workers), f"-compilation-database={folder}/compile_commands.json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if not scan.stdout:
        # Correct without it, but every source is judged each time.
        print(f"lint: {scanner} lists no headers, so nothing is remembered: {scan.stderr.strip()[:200]}", file=sys.stderr)
    return {os.path.realpath(rule[0]): rule for rule in parse_rules(scan.stdout) if rule}


def name_of(judge: list[object], command: dict[str, str], files: list[str], root: pathlib.Path, texts: Texts) -> str | None:
    """The name of a judgement, the same in every clone; None if a file is missing."""
    try:
        parts = [FORMAT, judge, command["command"].replace(str(root), ""),
                 [texts.identity(path) for path in files], texts.configurations(files)]
    except OSError:
        return None
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def judge_one(tidy: str, folder: pathlib.Path, path: str) -> str | None:
    """The findings; None if there are none."""
    run = subprocess.run([tidy, "-p", str(folder), "--quiet", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace", check=False)
    if run.returncode == 0:
        return None
    return "\n".join(line for line in run.stdout.splitlines() if not COUNTS.match(line)) or f"{path}: clang-tidy failed"


def identity_of_tidy(tidy: str) -> list[object]:
    state = os.stat(os.path.realpath(tidy))
    version = subprocess.run([tidy, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [version, state.st_size, state.st_mtime_ns]


class Lint:
    """One run over some sources."""

    def __init__(self, root: pathlib.Path, tidy: str, scanner: str, build: pathlib.Path, memory: Memory | None,
                 anew: bool = False):
        self.root = root.resolve()
        self.tidy = tidy
        self.scanner = scanner
        self.build = build
        self.memory = memory
        self.anew = anew
        self.workers = os.cpu_count() or 2

    def is_known_clean(self, name: str | None) -> bool:
        return self.memory is not None and name is not None and self.memory.knows(name)

    def run(self, paths: list[str]) -> tuple[int, int]:
        """Prints the findings. Returns how many sources were judged now, and how many have findings."""
        commands = commands_of(self.build)
        unlisted = [path for path in paths if os.path.realpath(path) not in commands]
        if unlisted:
            # Without a command clang-tidy would guess one.
            sys.exit("".join(f"lint: {path} is in no meson.build\n" for path in unlisted).rstrip())
        wanted = {os.path.realpath(path): commands[os.path.realpath(path)] for path in paths}
        # A folder of its own, because another run may be judging other sources.
        with tempfile.TemporaryDirectory(prefix="lint-", dir=self.build) as scratch:
            folder = pathlib.Path(scratch)
            write_commands(folder, list(wanted.values()))
            return self.judge(folder, wanted)

    def judge(self, folder: pathlib.Path, wanted: dict[str, dict[str, str]]) -> tuple[int, int]:
        files = files_read(self.scanner, folder, self.workers) if self.memory else {}
        tidy = identity_of_tidy(self.tidy)

        def name(path: str, texts: Texts) -> str | None:
            return name_of(tidy, wanted[path], files[path], self.root, texts) if path in files else None

        texts = Texts(self.root)
        names = {path: name(path, texts) for path in wanted}
        unknown = [path for path in wanted if self.anew or not self.is_known_clean(names[path])]
        found = 0
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            judging = [pool.submit(judge_one, self.tidy, folder, path) for path in unknown]
            # If this run is told to end, judgements that have not begun do not begin.
            signal.signal(signal.SIGTERM, lambda *_: (pool.shutdown(wait=False, cancel_futures=True), sys.exit(1)))
            for path, judged in zip(unknown, judging):
                findings = judged.result()
                if findings is not None:
                    found += 1
                    print(findings, flush=True)
                    if self.memory and names[path]:
                        self.memory.forget(names[path])
                elif self.memory and names[path] and names[path] == name(path, Texts(self.root)):
                    self.memory.remember(names[path])
        if self.memory:
            self.memory.forget_the_oldest()
        return len(unknown), found


def memory_in(folder: str) -> Memory | None:
    try:
        return Memory(pathlib.Path(folder))
    except OSError as error:
        print(f"lint: nothing is remembered: {error}", file=sys.stderr)
        return None


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("--tidy", "--scanner", "--build", "--memory"):
        parser.add_argument(option, required=True)
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("files", nargs="+")
    wanted = parser.parse_args()
    lint = Lint(ROOT, wanted.tidy, wanted.scanner, pathlib.Path(wanted.build).resolve(), memory_in(wanted.memory),
                wanted.anew)
    judged, found = lint.run(wanted.files)
    print(f"lint: {len(wanted.files)} sources, of which {judged} were judged now and {found} have findings")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
