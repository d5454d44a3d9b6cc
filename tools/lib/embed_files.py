"""Writes a C++ source that contains the bytes of files: embed_files.py OUTPUT FILE...

Each file becomes one PageFile (src/api/page_files.h): its name, its bytes, and a version that changes
with them.
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


def literal(line: bytes) -> str:
    """A line as a string literal. An octal escape ends after three digits, whatever follows it."""
    plain = lambda byte: 0x20 <= byte < 0x7F and byte not in b'"\\?'
    return '"' + "".join(chr(byte) if plain(byte) else f"\\{byte:03o}" for byte in line) + '"'


def main() -> None:
    output, *names = sys.argv[1:]
    entries = []
    for name in names:
        path = pathlib.Path(name)
        content = path.read_bytes()
        version = hashlib.sha256(content).hexdigest()[:12]
        lines = content.splitlines(keepends=True) or [b""]
        text = "\n        ".join(literal(line) for line in lines)
        entries.append(f'    {{"{path.name}", "{version}",\n     std::string_view(\n        {text},\n        {len(content)})}},\n')
    table = f"constexpr std::array<PageFile, {len(entries)}> kFiles = {{{{\n" + "".join(entries) + "}};\n"
    pathlib.Path(output).write_text(HEAD + table + TAIL.format(), encoding="ascii")


main()
