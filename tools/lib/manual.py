"""Makes the text of a manual page: `manual.py INPUT OUTPUT VERSION HEADER PROGRAM WORD...` copies INPUT. In place of the
line `@tables@` it puts what PROGRAM answers to `__manual WORD...`, in place of `@exits@` the exit statuses that the C++
HEADER declares, and in place of `@version@` the version."""

import os
import pathlib
import re
import subprocess
import sys

EXIT = re.compile(r"((?:^/// .*\n)+)inline constexpr int kExit\w+ = (\d+);", re.MULTILINE)


def exits_of(header):
    """The exit statuses that a header declares, each with the comment above it."""
    text = pathlib.Path(header).read_text(encoding="utf-8")
    return [(int(number), " ".join(line.removeprefix("/// ") for line in about.splitlines()))
            for about, number in EXIT.findall(text)]


def exits_text(header):
    def marked_up(about):
        return re.sub(r"`([^`]*)`", r"*\1*", about.replace("_", "\\_"))
    return "\n".join(f"*{number}*\n\t{marked_up(about)}\n" for number, about in exits_of(header))


def text_of(source, version, header, program, words):
    # What is set in the environment here is no default.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    tables = subprocess.run([program, "__manual", *words], env=clean, stdout=subprocess.PIPE, check=True, text=True).stdout
    text = pathlib.Path(source).read_text(encoding="utf-8")
    if text.count("@tables@\n") != 1 or not tables:
        raise ValueError(f"{source}: a page has one line `@tables@`, and its program something to say")
    return text.replace("@tables@\n", tables).replace("@exits@\n", exits_text(header)).replace("@version@", version)


if __name__ == "__main__":
    source_page, made, *rest = sys.argv[1:]
    pathlib.Path(made).write_text(text_of(source_page, rest[0], rest[1], rest[2], rest[3:]), encoding="utf-8")
