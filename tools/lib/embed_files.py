"""Writes a C++ source that contains the bytes of files.

usage: embed_files.py OUTPUT FILE...              each file becomes one PageFile (src/api/page_files.h): its name, its
                                                  bytes, and a version that changes with them
       embed_files.py --text NAME OUTPUT FILE     the bytes of one file are std::string_view NAME, of latchkey::server
"""

import hashlib
import pathlib
import sys

HEAD = """// Made by tools/lib/embed_files.py; edit the files in src/api/page instead.
#include "api/page_files.h"

#include <array>

namespace latchkey::api {

namespace {

"""

TAIL = """
}}  // namespace

std::span<const PageFile> page_files() noexcept {{ return kFiles; }}

}}  // namespace latchkey::api
"""

TEXT = """// Made by tools/lib/embed_files.py; edit {file} instead.
#include <string_view>

namespace latchkey::server {{

extern const std::string_view {name};
constexpr std::string_view {name}(
        {text},
        {size});

}}  // namespace latchkey::server
"""


def literal(line: bytes) -> str:
    """A line as a string literal. An octal escape ends after three digits, whatever follows it."""
    plain = lambda byte: 0x20 <= byte < 0x7F and byte not in b'"\\?'
    return '"' + "".join(chr(byte) if plain(byte) else f"\\{byte:03o}" for byte in line) + '"'


def literals(content: bytes) -> str:
    return "\n        ".join(literal(line) for line in content.splitlines(keepends=True) or [b""])


def main() -> None:
    if sys.argv[1] == "--text":
        name, output, file = sys.argv[2:]
        content = pathlib.Path(file).read_bytes()
        text = TEXT.format(file=pathlib.Path(file).name, name=name, text=literals(content), size=len(content))
        pathlib.Path(output).write_text(text, encoding="ascii")
        return
    output, *names = sys.argv[1:]
    entries = []
    for name in names:
        path = pathlib.Path(name)
        content = path.read_bytes()
        version = hashlib.sha256(content).hexdigest()[:12]
        entries.append(f'    {{"{path.name}", "{version}",\n     std::string_view(\n        {literals(content)},\n'
                       f'        {len(content)})}},\n')
    table = f"constexpr std::array<PageFile, {len(entries)}> kFiles = {{{{\n" + "".join(entries) + "}};\n"
    pathlib.Path(output).write_text(HEAD + table + TAIL.format(), encoding="ascii")


main()
