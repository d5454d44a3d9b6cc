#!/usr/bin/env python3
"""Checks the log's events against every source: text written by others comes after all that the server itself says, and
docs/logs.md lists each event as the source writes it.

usage: log_events_test.py    prints every breach and fails if there is one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs/logs.md"

# Keys whose values others write. They never use `field`.
FREE_KEYS = {"user", "unknown_user", "agent", "error", "name"}

# The fields of sandbox.refused. src/server/refused_call.cc writes its line in a signal handler, without LogEvent.
REFUSED_CALL = ("call", "number", "thread", "effect")

EVENT = re.compile(r"\b(?P<kind>LogEvent|LimitedEvent)(?: (?P<variable>\w+))?\((?P<into>[^\"]*?)LogLevel::k(?P<level>\w+),"
                   r"\s*(?P<names>[^;]*?\"[a-z_.]+\"(?: : \"[a-z_.]+\")?)\)")
QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
CALL = re.compile(r"\.(?P<how>field|text)\(\s*\"(?P<key>\w+)\"|names(?:\(\)|_)?\.put\(")


def statement_behind(text: str, variable: str | None, start: int) -> str:
    """What is said about the event: up to the end of the statement, or of the block if the event has a name."""
    if not variable:
        return text[start : QUOTED.sub(lambda quoted: quoted[0].replace(";", ","), text).index(";", start)]
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth < 0:
            return text[start:at]
    raise ValueError("a block without an end")


def events_of(text: str):
    """(name, kind, level, [(how, key)]) of each event."""
    for match in EVENT.finditer(text):
        calls = []
        for call in CALL.finditer(statement_behind(text, match["variable"], match.end())):
            calls.append((call["how"], call["key"]) if call["how"] else ("text", "user"))
        kind = "limited" if match["kind"] == "LimitedEvent" else "answered" if "oom" in match["into"] else "common"
        for name in re.findall(r"\"([a-z_.]+)\"", match["names"]):
            yield name, kind, match["level"].lower(), calls


def breaches_of(path: pathlib.Path, text: str):
    made = len(re.findall(r"LogLevel::k\w+,", text))
    found = list(EVENT.finditer(text))
    if made != len(found):
        yield f"{path}: {made} events are made here, and {len(found)} are understood by this test"
    for name, _, _, calls in events_of(text):
        hows = [how for how, _ in calls]
        if "text" in hows and "field" in hows[hows.index("text") :]:
            yield f"{path}: {name}: a field stands behind a text"
        for how, key in calls:
            if how == "field" and key in FREE_KEYS:
                yield f"{path}: {name}: `{key}` is what others wrote: text(), not field()"


def row_of(name: str, kind: str, level: str, calls) -> str:
    fields = [f"`{key}`" for _, key in calls]
    return f"| `{name}` | {level} | {kind} | {', '.join(fields)} |".replace("|  |", "| |")


def main() -> int:
    breaches = []
    rows = {row_of("log.dropped", "common", "warning", [("field", "lines"), ("field", "reason")])}  # of log_thread.cc
    rows.add(row_of("sandbox.refused", "direct", "error", [("field", key) for key in REFUSED_CALL]))
    for path in sorted((ROOT / "src").rglob("*.cc")):
        if path.name in ("log.cc", "log_thread.cc"):
            continue
        text = path.read_text()
        breaches += breaches_of(path.relative_to(ROOT), text)
        rows |= {row_of(*event) for event in events_of(text)}
    line = (ROOT / "src/server/refused_call.cc").read_text().partition("level=error event=sandbox.refused")[2]
    if tuple(re.findall(r"[ \"](\w+)=", line.partition("write()")[0])) != REFUSED_CALL:
        breaches.append(f"src/server/refused_call.cc: sandbox.refused has other fields than {', '.join(REFUSED_CALL)}")
    documented = {" | ".join(cell.strip() for cell in line.split("|")[:5]).strip() + " |"
                  for line in TABLE.read_text().splitlines() if line.startswith("| `") and line.count("|") > 4}
    breaches += [f"docs/logs.md lacks, or has otherwise: {row}" for row in sorted(rows - documented)]
    breaches += [f"docs/logs.md has what no source writes: {row}" for row in sorted(documented - rows)]
    print("\n".join(breaches) if breaches else f"{len(rows)} events, as docs/logs.md lists them")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
