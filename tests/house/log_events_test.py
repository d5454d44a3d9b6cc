#!/usr/bin/env python3
"""Checks the log's events against every source: text written by others comes after all that the server itself says, and
docs/reference/log-events.md explains each event, with its level, kind and fields as the source writes them.

usage: log_events_test.py            prints every breach and fails if there is one
       log_events_test.py --write    writes the line of each event's level, kind and fields anew, and a heading for an event
                                     that has none
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/log-events.md"

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


def facts_of(level, kind, calls):
    fields = ", ".join(f"`{key}`" for _, key in calls)
    return f"`{level}`, {kind}. " + (f"Fields: {fields}." if fields else "No fields.")


SECTION = re.compile(r"^### (.+)\n\n(.+)\n\n((?:(?!#).*\n)*)", re.MULTILINE)


def breaches_of_page(page, events):
    """`events`: name -> facts. The page has a section for each, with its facts, what it means and what to do."""
    sections = {name: (facts, text) for name, facts, text in SECTION.findall(page)}
    for name, facts in sorted(events.items()):
        where = f"docs/reference/log-events.md: {name}:"
        if name not in sections:
            yield f"{where} there is no section: run {sys.argv[0]} --write, and explain it there"
        elif sections[name][0] != facts:
            yield f"{where} it is now: {facts} Run {sys.argv[0]} --write"
        elif not re.match(r"[A-Z`][^\n]{9}(?:.*\n)+\nWhat to do: \S", sections[name][1]):
            yield f"{where} say below that line what it means, and behind `What to do: ` what to do"
    yield from (f"docs/reference/log-events.md: {name}: no source writes this" for name in sorted(set(sections) - set(events)))


def with_facts(page, events):
    """The page with the facts of these events."""
    page = SECTION.sub(lambda found: f"### {found[1]}\n\n{events.get(found[1], found[2])}\n\n{found[3]}", page)
    new = sorted(set(events) - {name for name, _, _ in SECTION.findall(page)})
    return page + "".join(f"\n### {name}\n\n{events[name]}\n\n" for name in new)


def main() -> int:
    breaches = []
    found = [("log.dropped", facts_of("warning", "common", [("field", "lines"), ("field", "reason")]))]  # of log_thread.cc
    found.append(("sandbox.refused", facts_of("error", "direct", [("field", key) for key in REFUSED_CALL])))
    for path in sorted((ROOT / "src").rglob("*.cc")):
        if path.name in ("log.cc", "log_thread.cc"):
            continue
        text = path.read_text()
        breaches += breaches_of(path.relative_to(ROOT), text)
        found += [(name, facts_of(level, kind, calls)) for name, kind, level, calls in events_of(text)]
    events = dict(found)
    breaches += [f"{name}: one source writes it as {facts} Another: {events[name]}"
                 for name, facts in found if events[name] != facts]
    line = (ROOT / "src/server/refused_call.cc").read_text().partition("level=error event=sandbox.refused")[2]
    if tuple(re.findall(r"[ \"](\w+)=", line.partition("write()")[0])) != REFUSED_CALL:
        breaches.append(f"src/server/refused_call.cc: sandbox.refused has other fields than {', '.join(REFUSED_CALL)}")
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(with_facts(PAGE.read_text(), events))
    breaches += breaches_of_page(PAGE.read_text(), events)
    print("\n".join(breaches) if breaches else f"{len(events)} events, as docs/reference/log-events.md explains them")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
