"""Reads `latchkey user list --json` and prints the name to try the server with: the preferred one if it is an
active user's, else the first active user's. Prints nothing if there is none.

usage: user_to_try.py PREFERRED
"""

import json
import sys

names = [user["name"] for user in json.load(sys.stdin)["users"] if user["active"]]
if names:
    print(sys.argv[1] if sys.argv[1] in names else names[0])
