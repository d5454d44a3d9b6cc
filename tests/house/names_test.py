#!/usr/bin/env python3
"""Checks the names in comments and documents against the tree. Each named file exists. Each rule (C-11, P-3, B-1, S-4)
is stated in docs/contract.md or docs/promises.md. Each scope::name between backticks is declared, and each identifier
there is in some source. Each test that docs/promises.md names exists. Each link in a document leads somewhere, and
docs/README.md leads to each document. Each picture in docs/ names what exists, its dark version is the same drawing, and a
plot's figures are those of docs/performance.md.

usage: names_test.py    prints the exceptions and every breach as file:line, and fails if there is a breach.
"""

import fnmatch
import functools
import io
import pathlib
import re
import sys
import tempfile
import tokenize
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Names that may be used although the tree does not have them, and why. An exception that nothing uses is a breach.
EXCEPTIONS = {
    "build/*": "what tools/build, tools/test and tools/on-debian make",
    "bench/scale-table": "a program of the build",
    "contract_paths.h": "written by meson into the build's folder",
    "*/x.h": "stands for any header",
    "DIR/*": "a file of the data directory",
    "<data>/*": "a file of the data directory",
    "application/*": "a media type",
    "multipart/*": "a media type",
    "text/*": "a media type",
    "[0-9]*.*.*.*/[0-9]*": "a network",
    "src/http/chunked.cc.o": "a line that ninja prints",
    "HTTP/1.1": "a version of the protocol",
    "./0-9A-Za-z": "the digits of crypt",
    "include/uapi/linux/io_uring.h": "the kernel's",
    "asm-generic/siginfo.h": "the kernel's",
    "sysexits.h": "the C library's",
    "src/test.c": "of the reference implementation of Argon2",
    "tests/auth_tests/test_hashers.py": "Django's",
    "vVERSION": "a placeholder",
    "like_this": "a placeholder",
    "user_cut": "made from a field's key by LogEvent",
    "gtest_break_on_failure": "a flag of GoogleTest's",
    "callgrind_annotate": "a program of Valgrind's",
    "RLIMIT_NICE": "a limit of the kernel's",
    "F_MORE": "a flag of the kernel's",
    "CAP_SYS_PTRACE": "a capability",
    "Section2_2_BareCr": "the name of a case",
    "opeA": "the base64 of an example",
    "manage.py": "Django's",
    "bin/kc.sh": "Keycloak's",
    "staff/night": "a group of an example",
}

# Folders that are not written by hand.
LEFT_OUT = {".git", "build", "var", "node_modules", "__pycache__"}

CXX, PYTHON, HASH, SLASH = {".h", ".cc"}, {".py"}, {".sh", ".build", ".service"}, {".mjs", ".js", ".css"}
TOPS = ("include", "src", "tests", "tools", "bench", "docs")
NAMESPACES_OF_OTHERS = {"std", "tl", "fmt", "simdjson", "spdlog", "toml", "testing", "benchmark", "CLI", "kainjow"}

RULE = re.compile(r"(?<![\w-])[CPBS]-\d+(?![\w-])")
STATED = {"docs/contract.md": re.compile(r"^- \*\*([CBS]-\d+)\*\* ", re.MULTILINE),
          "docs/promises.md": re.compile(r"^\| (P-\d+) \|", re.MULTILINE)}
QUOTED = re.compile(r"`([^`]+)`")
# With or without backticks: a path from the top of the tree, or a file by its ending.
BARE_PATH = re.compile(r"(?<![\w/.`:<>$}-])(?:(?:%s)/[\w./*<>-]+|[\w./<>*-]*\w\.(?:md|h|cc|py|mjs|sh|build)\b)(?![\w/])"
                       % "|".join(TOPS))
IDENTIFIER = re.compile(r"(?<![\w$\\])[A-Za-z]\w*")
SCOPED = re.compile(r"~?[A-Za-z_]\w*(?:::~?[A-Za-z_]\w*)+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
IMAGE = re.compile(r'(?:src|srcset)="([^"]+)"')


# --- The tree


def files_of(root):
    found = []
    for path in sorted(root.iterdir()):
        if path.is_symlink():
            continue
        if not path.is_dir():
            found.append(path)
        elif path.name not in LEFT_OUT:
            found += files_of(path)
    return found


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = files_of(root)
        self.texts = {path: path.read_text(encoding="utf-8") for path in self.files if kind_of(path)}
        names = [str(path.relative_to(root)) for path in self.files]
        folders = {str(parent) for name in names for parent in pathlib.PurePath(name).parents} - {"."}
        # Every way to name a file or a folder: from the top, or by its last parts.
        self.endings = {"/".join(parts[start:]) for name in (*names, *folders)
                        for parts in [name.split("/")] for start in range(len(parts))}
        self.rules = {rule for name, pattern in STATED.items() if (root / name).exists()
                      for rule in pattern.findall((root / name).read_text(encoding="utf-8"))}

    @functools.cached_property
    def declared(self):
        """(scope, name) of each declaration directly in a namespace, a type or an enumeration."""
        return {pair for path, text in self.texts.items() if kind_of(path) == "cxx" for pair in declarations_in(text)}

    @functools.cached_property
    def words(self):
        """Every identifier of every source, including those in its strings, except this file, which does not say what exists."""
        return {word for path, text in self.texts.items()
                if kind_of(path) not in (None, "document", "picture") and path.name != pathlib.Path(__file__).name
                for word in IDENTIFIER.findall(without_comments(kind_of(path), text))}

    @functools.cached_property
    def tests(self):
        """Each Suite.Test, and each suite alone."""
        texts = "\n".join(text for path, text in self.texts.items() if path.suffix == ".cc")
        found = re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", texts)
        return {f"{suite}.{name}" for suite, name in found} | {suite for suite, _ in found}

    def has_path(self, name):
        name = re.sub(r"^(?:\.\.?/)+", "", re.sub(r"<\w+>", "*", name).rstrip("/"))
        return name in self.endings or ("*" in name and bool(fnmatch.filter(self.endings, name)))


def kind_of(path):
    if path.suffix in CXX:
        return "cxx"
    if path.suffix == ".md":
        return "document"
    if path.suffix in PYTHON:
        return "python"
    if path.suffix in HASH or path.name in (".clang-tidy", ".clang-format", ".gitignore"):
        return "hash"
    if path.suffix in SLASH:
        return "slash"
    if path.suffix == ".svg" and path.parent.name == "docs":
        return "picture"
    if path.suffix == "" and path.stat().st_size < 100_000:
        with path.open("rb") as file:
            head = file.readline()
        return "python" if b"python" in head else "hash" if head.startswith(b"#!") else None
    return None


# --- What is written for people

TOKEN = re.compile(r"""(?P<number>\b\d[\w.']*)|(?P<comment>//[^\n]*|/\*.*?\*/)|R"(?P<raw>\w*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"|"""
                   r"'(?:\\.|[^'\\\n])*'", re.DOTALL)


def comments_of(kind, text):
    """(line, text) of each line of a comment, or of a document."""
    if kind == "document":
        yield from enumerate(text.splitlines(), 1)
    elif kind in ("cxx", "slash"):
        for match in TOKEN.finditer(text):
            if match["comment"]:
                first = text.count("\n", 0, match.start()) + 1
                yield from enumerate(match["comment"].splitlines(), first)
    elif kind == "picture":
        for number, line in enumerate(text.splitlines(), 1):
            if "<text" in line:  # a type's name is not between backticks here
                yield number, re.sub(r"\b([A-Z]\w*[a-z][A-Z]\w*)\b", r"`\1`", re.sub(r"<[^>]*>", " ", line))
    elif kind == "python":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield from enumerate(token.string.splitlines(), token.start[0])
    elif kind == "hash":
        for number, line in enumerate(text.splitlines(), 1):
            if match := re.search(r"(?:^|\s)#.*", line):
                yield number, match.group()


def without_comments(kind, text):
    if kind in ("cxx", "slash"):
        return TOKEN.sub(lambda match: "" if match["comment"] else match.group(), text)
    return re.sub(r"(?:^|\s)#.*", "", text, flags=re.MULTILINE)


# --- What the sources declare

NAMED = re.compile(r"\b(?:namespace|class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:\[\[.*?\]\]\s*|alignas\([^)]*\)\s*)*"
                   r"([A-Za-z_]\w*(?:::\w+)*)")
CODE = re.compile(r"[{};]|[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")


def declarations_in(text):
    code = TOKEN.sub(lambda match: match.group() if match["number"] else " ", text)
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", code, flags=re.MULTILINE)
    scopes, head = [], 0  # each scope: its names that may come before `::`, or none in a function
    for match in CODE.finditer(code):
        word = match.group()
        if word == "{":
            named = NAMED.search(code, head, match.start())
            is_type = named and not re.search(r"[=(]", code[named.end():match.start()].split(":")[0])
            scopes.append(tuple(named.group(1).split("::")) if is_type else ())
            head = match.end()
        elif word == "}":
            if scopes:
                scopes.pop()
            head = match.end()
        elif word == ";":
            head = match.end()
        elif scopes and (not scopes[-1] and len(scopes) > 1 or scopes[-1]):
            parts = word.split("::")
            yield from zip(parts, parts[1:])
            if scopes[-1]:
                yield from ((scope, parts[0]) for names in scopes for scope in names)


# --- The rules


TEST_NAME = re.compile(r"[A-Z]\w*\.[A-Z]\w*(?:\.\.\.)?")


def looks_like_a_path(name):
    return bool(re.fullmatch(r"[\w.<>*-]+(?:/[\w.<>*-]+)+/?|[\w-]+/", name))


def names_on(line):
    """(kind, name) of each name on a line that the tree must have."""
    for rule in RULE.findall(line):
        yield "rule", rule
    paths = set(BARE_PATH.findall(line))
    for quoted in QUOTED.findall(line):
        if SCOPED.fullmatch(quoted.removesuffix("()")):
            yield "declaration", quoted.removesuffix("()")
        elif looks_like_a_path(quoted):
            paths.add(quoted)
        elif not TEST_NAME.fullmatch(quoted):
            for word in IDENTIFIER.findall(quoted):
                if "_" in word or re.search("[a-z][A-Z]", word):
                    yield "source with", word
    for path in sorted(paths):
        yield "file", path.rstrip(".")


# Pages about the programs of others, whose settings they name.
ABOUT_OTHERS = ("docs/proxies", "docs/move")


def breaches_of_names(tree):
    """(the name, the breach)"""
    is_there = {"rule": lambda said: said in tree.rules, "file": tree.has_path,
                "declaration": lambda said: is_declared(tree, said), "source with": lambda said: said in tree.words}
    for path, text in tree.texts.items():
        of_others = any(path.is_relative_to(tree.root / folder) for folder in ABOUT_OTHERS)
        for number, line in comments_of(kind_of(path), text):
            for what, said in names_on(line):
                if of_others and what == "source with":
                    continue
                if not is_there[what](said):
                    yield said, f"{path.relative_to(tree.root)}:{number}: no {what} `{said}`"


def without_exceptions(breaches, exceptions):
    """The breaches that no exception allows, and one for each exception that allows none."""
    used = set()
    for said, breach in breaches:
        allowed = [pattern for pattern in exceptions if fnmatch.fnmatchcase(said, pattern)]
        used.update(allowed)
        if not allowed:
            yield breach
    for pattern in exceptions:
        if pattern not in used:
            yield f"the exception `{pattern}` is not needed any more"


def is_declared(tree, said):
    parts = said.split("::")
    return parts[0] in NAMESPACES_OF_OTHERS or all(pair in tree.declared for pair in zip(parts, parts[1:]))


def anchors_of(text):
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def breaches_of_links(tree):
    for path, text in tree.texts.items():
        if kind_of(path) != "document":
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for link in LINK.findall(line) + IMAGE.findall(line):
                if "://" in link:
                    continue
                file, _, anchor = link.partition("#")
                target = (path.parent / file).resolve() if file else path
                if not target.exists():
                    yield f"{path.relative_to(tree.root)}:{number}: the link `{link}` leads nowhere"
                elif anchor and anchor not in anchors_of(target.read_text(encoding="utf-8")):
                    yield f"{path.relative_to(tree.root)}:{number}: no heading for the link `{link}`"


def breaches_of_index(tree):
    """docs/README.md leads to every document."""
    index = tree.root / "docs" / "README.md"
    if index not in tree.texts:
        return
    led_to = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(tree.texts[index])}
    for path in tree.texts:
        if kind_of(path) == "document" and path.is_relative_to(index.parent) and path.resolve() not in led_to | {index.resolve()}:
            yield f"docs/README.md:1: no link to {path.relative_to(index.parent)}"


def breaches_of_promises(tree):
    """The last column of the table in docs/promises.md: what is not a file is a test or a suite; `...` is any ending."""
    text = tree.texts.get(tree.root / "docs" / "promises.md", "")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("| P-"):
            continue
        for said in QUOTED.findall(line.split("|")[3]):
            if not looks_like_a_path(said) and not fnmatch.filter(tree.tests, said.replace("...", "*")):
                yield f"docs/promises.md:{number}: no test `{said}`"


def breaches_of_pictures(tree):
    """A picture for dark mode is the light one in other colours. A plot's figures are those of docs/performance.md."""
    def drawing_of(text):
        return re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)

    measured = tree.texts.get(tree.root / "docs" / "performance.md", "")
    for path, text in tree.texts.items():
        for figure in re.findall(r'class="value">([\d.]+)<', text) if kind_of(path) == "picture" else ():
            if not re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", measured):
                yield f"{path.relative_to(tree.root)}:1: docs/performance.md has no {figure}"
        if kind_of(path) == "picture" and path.stem.endswith("-dark"):
            light = path.with_name(path.name.replace("-dark", "-light"))
            if drawing_of(tree.texts.get(light, "")) != drawing_of(text):
                yield f"{path.relative_to(tree.root)}:1: draws something else than {light.name}"


def all_breaches(root, exceptions):
    tree = Tree(root)
    return [*without_exceptions(breaches_of_names(tree), exceptions), *breaches_of_links(tree),
            *breaches_of_index(tree), *breaches_of_promises(tree), *breaches_of_pictures(tree)]


class TheRule(unittest.TestCase):
    """On a small tree made for the test: the rule must see the wrong name, and only that."""

    def breaches_in(self, files, exceptions=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return all_breaches(pathlib.Path(folder).resolve(), exceptions)

    def test_a_file_is_named_from_the_top_or_by_its_last_parts(self):
        header = "include/latchkey/net/a.h"
        self.assertEqual([], self.breaches_in({
            header: "// `net/a.h`, `latchkey/net/`, a.h and include/latchkey/<room>/a.h.\n"}))
        self.assertEqual([f"{header}:2: no file `base/a.h`", f"{header}:3: no file `style.md`"],
                         self.breaches_in({header: "// One\n// `base/a.h`\nint x;  // as style.md says\n"}))

    def test_a_rule_is_stated(self):
        stated = {"docs/contract.md": "- **C-1** A\n", "docs/promises.md": "| P-1 | b | `src/` |\n", "src/x/b.cc": ""}
        self.assertEqual([], self.breaches_in({**stated, "README.md": "C-1 and P-1, but no EPYC-2\n"}))
        self.assertEqual(["src/a.cc:1: no rule `C-2`", "src/a.cc:2: no rule `P-2`"],
                         self.breaches_in({**stated, "src/a.cc": "// (C-2)\n/* `P-2` */ int a = C-3;\n"}))

    def test_a_scoped_name_is_declared_in_that_scope(self):
        source = ("namespace latchkey::net {\nclass Stream : public Base {\n public:\n  void read() { other(); }\n"
                  "  enum class Kind { kOne };\n  struct Parts {\n    int part = 0;\n  };\n};\n}\n")
        right = "// `net::Stream`, `Stream::read()`, `Stream::Kind`, `Kind::kOne`, `Stream::Parts::part`, `std::any`\n"
        self.assertEqual([], self.breaches_in({"src/net/a.cc": source + right}))
        wrong = "// `net::read_all`, `Stream::other`, `http::Stream`\n"
        self.assertEqual([f"src/net/a.cc:11: no declaration `{name}`"
                          for name in ("net::read_all", "Stream::other", "http::Stream")],
                         self.breaches_in({"src/net/a.cc": source + wrong}))

    def test_an_identifier_is_in_some_source(self):
        self.assertEqual(["README.md:1: no source with `old_name`"],
                         self.breaches_in({"README.md": "`new_name(x)` for `old_name`; `word`\n",
                                           "src/a.cc": "int new_name;  // once old_name\n"}))

    def test_a_setting_of_anothers_may_be_named_on_a_page_about_it(self):
        self.assertEqual([], self.breaches_in({"docs/proxies/b.md": "`its_setting`\n"}))
        self.assertEqual(["docs/b.md:1: no source with `its_setting`", "docs/proxies/b.md:1: no rule `C-9`"],
                         self.breaches_in({"docs/b.md": "`its_setting`\n", "docs/proxies/b.md": "C-9\n"}))

    def test_what_is_no_comment_is_not_looked_at(self):
        self.assertEqual([], self.breaches_in({
            "src/a.cc": 'auto a = "// `gone/a.h` C-9"; auto b = R"(/* C-9 */)"; int c = 1\'000; // good\n',
            "tools/a.py": "x = '# C-9'\n", "tools/b": "#!/bin/bash\necho 'C-9'\n"}))
        self.assertEqual(["tools/a.py:1: no rule `C-9`", "tools/b:2: no rule `C-9`"], self.breaches_in({
            "tools/a.py": "x = 1  # C-9\n", "tools/b": "#!/bin/bash\necho  # C-9\n"}))

    def test_a_link_leads_somewhere(self):
        page = {"docs/b.md": "## Where it ends\n"}
        self.assertEqual([], self.breaches_in({
            **page, "README.md": "[b](docs/b.md#where-it-ends) [c](https://example.org/x)\n"}))
        self.assertEqual(["README.md:1: the link `docs/c.md` leads nowhere",
                          "README.md:2: no heading for the link `docs/b.md#where`",
                          "README.md:3: the link `docs/c.svg` leads nowhere"],
                         self.breaches_in({**page, "README.md": "[c](docs/c.md)\n[b](docs/b.md#where)\n"
                                                                '<img src="docs/c.svg">\n'})[-3:])

    def test_the_index_leads_to_every_document(self):
        page = {"docs/operate/a.md": "# A\n"}
        self.assertEqual([], self.breaches_in({**page, "docs/README.md": "[a](operate/a.md#a)\n"}))
        self.assertEqual(["docs/README.md:1: no link to operate/a.md"], self.breaches_in({**page, "docs/README.md": "# Index\n"}))

    def test_a_plot_shows_what_was_measured(self):
        plot = {"docs/a-light.svg": '<text class="value">1.5</text>', "docs/a-dark.svg": '<text class="value">1.5</text>'}
        self.assertEqual([], self.breaches_in({**plot, "docs/performance.md": "| 1.5 |\n"}))
        self.assertEqual(2, len(self.breaches_in({**plot, "docs/performance.md": "| 1.57 |\n"})))

    def test_a_promise_is_held_by_a_test(self):
        test = {"tests/unit/a_test.cc": "TEST_F(Disk, IsFullAndHeals) {}\n"}
        table = "| P-1 | a | `Disk.IsFull...`, `Disk`, `tests/unit` |\n"
        self.assertEqual([], self.breaches_in({**test, "docs/promises.md": table}))
        self.assertEqual(["docs/promises.md:1: no test `Disk.Heals`"],
                         self.breaches_in({**test, "docs/promises.md": "| P-1 | a | `Disk.Heals` |\n"}))

    def test_a_picture_names_types_and_has_a_twin_for_the_dark(self):
        light = "<style>a</style><text>Hash pool of a HashPool</text>"
        self.assertEqual([], self.breaches_in({"src/a.cc": "class HashPool {};", "docs/a-light.svg": light,
                                               "docs/a-dark.svg": light.replace(">a<", ">b<")}))
        self.assertEqual(["docs/a-dark.svg:1: no source with `HashPond`", "docs/a-dark.svg:1: draws something else than a-light.svg"],
                         self.breaches_in({"src/a.cc": "class HashPool {};", "docs/a-light.svg": light,
                                           "docs/a-dark.svg": light.replace("HashPool", "HashPond")}))

    def test_an_exception_allows_a_name_and_must_be_needed(self):
        self.assertEqual(["the exception `other/*` is not needed any more"],
                         self.breaches_in({"src/a.cc": "// `linux/a.h`\n"}, {"linux/*": "", "other/*": ""}))


class TheTree(unittest.TestCase):
    def test_every_name_exists(self):
        print(f"{len(EXCEPTIONS)} exceptions:")
        for name, why in EXCEPTIONS.items():
            print(f"  {name}: {why}")
        sys.stdout.flush()
        found = all_breaches(ROOT, EXCEPTIONS)
        if found:
            self.fail("\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
