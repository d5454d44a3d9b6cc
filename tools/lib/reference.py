"""Makes pages of docs/reference of what the programs say: of their command lines, in the text that their manual pages
have, of the exit statuses that their headers declare, and of the OpenAPI description that the server answers."""

import json
import pathlib
import re

import manual

ROOT = pathlib.Path(__file__).resolve().parents[2]
MADE = "`python3 tests/integration/reference_test.py --write` writes it anew.\n"

# Of each program: what is asked for its part of a manual page, and the header with its exit statuses.
PROGRAMS = {
    "latchkey": ([], "tools/latchkey/arguments.h"),
    "latchkeyd": (["flags"], "src/server/server.h"),
    "latchkey-bench": ([], "bench/load/options.h"),
}

# --- scdoc(5), as the programs write it


class Term:
    """What a paragraph is about, its sentences, and the terms below it."""

    def __init__(self, line):
        self.name, self.about, self.below = line, [], []

    def sentences(self):
        return " ".join(self.about)


def plain(text):
    """Without markup."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\*|(?<!\\)_", "", text))


def escaped(text):
    """What would be markup of Markdown's, or end a cell, is not."""
    return re.sub(r"([*<|])", r"\\\1", text)


def terms_of(text):
    """The terms of the text behind each heading, "" for what stands before the first."""
    found = {"": []}
    terms = found[""]
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip("\t"))
        if line.startswith("# "):
            terms = found.setdefault(line.removeprefix("# "), [])
        elif depth == 0 and line:
            terms.append(Term(plain(line)))
        elif depth == 1 and line.startswith("\t*"):
            terms[-1].below.append(Term(plain(line.strip())))
        elif line:
            (terms[-1].below[-1] if depth == 2 else terms[-1]).about.append(escaped(plain(line.strip())))
    return found


def tidy(page):
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"


# --- Commands


def options_table(options):
    if not options:
        return ""
    rows = "".join(f"| `{option.name}` | {option.sentences()} |\n" for option in options)
    return f"| option | what it does |\n| --- | --- |\n{rows}\n"


def what_it_is(program):
    """The line of NAME in the program's manual page."""
    page = next((ROOT / "tools/man").glob(f"{program}.[0-9].scd")).read_text()
    return re.search(rf"^{program} - (.*)$", page, re.MULTILINE)[1]


def commands(said_by):
    page = ("# Commands\n\nWhat the three programs take, as their `--help` has it. Every command of latchkey takes `--json` too. What they exit\n"
            "with is in [exit-codes.md](exit-codes.md). This page is made from the programs:\n" + MADE)
    for program, (asked, _) in PROGRAMS.items():
        terms = terms_of(said_by(program, "__manual", *asked))
        page += f"\n## {program}\n\n{what_it_is(program)[:1].upper()}{what_it_is(program)[1:]}.\n"
        options = terms[""]
        if program == "latchkeyd":
            settings = {term.name for term in terms_of(said_by(program, "__manual", "keys"))[""]}
            options = [option for option in options
                       if re.match(r"--([a-z0-9-]+)", option.name)[1].replace("-", "_") not in settings]
            page += "Each of its settings is a flag too: [settings.md](settings.md) has them.\n"
        page += "\n" + options_table(options)
        for command in terms.get("COMMANDS", ()):
            page += f"### {program} {escaped(command.name)}\n\n{command.sentences()}\n\n"
            page += options_table([option for option in command.below if option.name != "--json"])
    return tidy(page)


# --- Exit statuses

EXIT_CODES = """# Exit statuses

What the programs exit with. This page and the manual pages are made from the programs' sources:
{made}
If a signal ended a program, a shell says 128 and the signal's number. Of latchkeyd, `SIGSYS` (159; systemd says
`status=31/SYS`) means that the sandbox ended it, with the event `sandbox.refused` in the log; `SIGABRT` (134;
`status=6/ABRT`) that it found a bug of its own, with what was wrong on standard error, or that systemd's watchdog
ended it.
"""


def exit_codes():
    page = EXIT_CODES.format(made=MADE)
    for program, (_, header) in PROGRAMS.items():
        rows = "".join(f"| {number} | {escaped(about)} |\n" for number, about in manual.exits_of(ROOT / header))
        page += f"\n## {program}\n\n| status | meaning |\n| --- | --- |\n{rows}"
    return page


# --- The API

API = """# API

What the server answers at each path, with the answers' statuses. `docs/contract.md` says what a client may rely on, and
each path is a page of its own in a browser. `HEAD` is answered wherever `GET` is, and `OPTIONS` describes every resource but
the questions of proxies. This page is made from the description that the server gives of itself (OpenAPI 3.1,
`/api/openapi.json`):
"""

CREDENTIALS = {"token": "`Authorization: Token`", "bearer": "`Authorization: Bearer`", "x_auth_token": "`X-Auth-Token: Token`",
               "cookie": "the cookie", "basic": "`Authorization: Basic`"}


class Description:
    def __init__(self, document):
        self.document = json.loads(document)

    def resolve(self, part):
        while "$ref" in part:
            at = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                at = at[name]
            part = at
        return part

    @staticmethod
    def name_of(schema):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f"[{name}](#{name.lower()})"
        if schema.get("type") == "array":
            return "list of " + Description.name_of(schema.get("items", {}))
        kind = schema.get("type", "any")
        kind = " or ".join(kind) if isinstance(kind, list) else kind
        values = schema.get("enum")
        return kind if not values else " or ".join(f"`{value}`" for value in values)

    def bounds_of(self, schema):
        spelled = {"maxLength": "at most {} characters", "minLength": "at least {} characters", "minimum": "at least {}",
                   "maximum": "at most {}", "format": "{}", "pattern": "`{}`"}
        return "".join(", " + text.format(schema[key]) for key, text in spelled.items() if key in schema)

    def fields(self, schema, required=()):
        for name, field in schema.get("properties", {}).items():
            needed = "" if name in required else ", may be missing"
            yield f"| `{name}` | {self.name_of(field)}{self.bounds_of(field)}{needed} | {escaped(field.get('description', ''))} |\n"
            if field.get("type") == "array" and "properties" in field.get("items", {}):
                for line in self.fields(field["items"], field["items"].get("required", ())):
                    yield line.replace("| `", f"| `{name}[].", 1)

    def table(self, schema):
        rows = "".join(self.fields(schema, schema.get("required", ())))
        return f"| field | value | |\n| --- | --- | --- |\n{rows}".replace("|  |", "| |") if rows else ""

    def operation(self, method, operation):
        text = f"**{method.upper()}**: {operation['summary'][:1].lower()}{operation['summary'][1:]}.\n"
        security = operation.get("security", self.document["security"])
        names = [CREDENTIALS[name] for way in security for name in way]
        if names:
            optional = " It may be missing." if {} in security else ""
            text += f"Who asks is known by {', '.join(names[:-1])}{' or ' if names[:-1] else ''}{names[-1]}.{optional}\n"
        text += "\n"
        parameters = [self.resolve(parameter) for parameter in operation.get("parameters", ())]
        rows = "".join(f"| `{p['name']}` | {p['in']} | {self.name_of(p.get('schema', {}))} | {escaped(p.get('description', ''))} |\n"
                       for p in parameters)
        if rows:
            text += f"| parameter | in | value | |\n| --- | --- | --- | --- |\n{rows}\n"
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            text += f"The body is {', '.join(f'`{kind}`' for kind in content)}:\n\n{self.table(self.resolve(next(iter(content.values()))['schema']))}\n"
        text += "| status | answer | body |\n| --- | --- | --- |\n"
        for status, answer in operation["responses"].items():
            answer = self.resolve(answer)
            bodies = {self.name_of(content["schema"]) if "json" in kind else f"`{kind.partition(';')[0]}`"
                      for kind, content in answer.get("content", {}).items()}
            text += f"| {status} | {escaped(answer['description'])} | {', '.join(sorted(bodies))} |\n".replace("|  |", "| |")
        return text + "\n"

    def page(self):
        page = API + MADE + "\n"
        for path, resource in self.document["paths"].items():
            page += f"## `{path}`\n\n{resource['description']}\n\n"
            for method in ("get", "post", "delete"):
                if method in resource:
                    page += self.operation(method, resource[method])
        page += "## What bodies hold\n\n"
        for name, schema in self.document["components"]["schemas"].items():
            about = escaped(schema.get("description", ""))
            page += f"### {name}\n\n" + (about + "\n\n" if about else "") + (self.table(schema) + "\n")
        return tidy(page)


def api(document):
    return Description(document).page()
