"""Makes the text of a manual page: `manual.py INPUT OUTPUT VERSION PROGRAM WORD...` copies INPUT. In place of the line
`@tables@` it puts what PROGRAM answers to `__manual WORD...`, and in place of `@version@` the version."""

import os
import pathlib
import subprocess
import sys

source, made, version, program, *words = sys.argv[1:]
# What is set in the environment here is no default.
clean = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
tables = subprocess.run([program, "__manual", *words], env=clean, stdout=subprocess.PIPE, check=True, text=True).stdout
text = pathlib.Path(source).read_text(encoding="utf-8")
if text.count("@tables@\n") != 1 or not tables:
    sys.exit(f"{source}: a page has one line `@tables@`, and its program something to say")
page = text.replace("@tables@\n", tables).replace("@version@", version)
pathlib.Path(made).write_text(page, encoding="utf-8")
