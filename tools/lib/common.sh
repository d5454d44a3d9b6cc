# What every script of daily work shares: the root of the tree, how to print a line, and which clang to use.
# Sourced, never run. Bash 5 (Debian 12).

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Prefer Debian's own tools over anything else in PATH: meson's modules belong to /usr/bin/python3.
export PATH="/usr/bin:/bin:/usr/sbin:/sbin:$PATH"

# Whatever a script starts ends with it (tools/lib/guard.py). A machine without Python has not been set up, so
# there is nothing to start but tools/setup. After that, run_again_guarded makes up for it.
arguments_of_script=("$@")
if [[ ${KEPT_BY-} == "$PPID" ]]; then
  readonly kGuarded=true
elif python3 -c 'import ctypes' 2>/dev/null; then
  exec python3 "$root/tools/lib/guard.py" "$0" "$@"
else
  readonly kGuarded=false
fi
unset KEPT_BY
run_again_guarded() { $kGuarded || exec "$0" "${arguments_of_script[@]}"; }

cd "$root"

# The oldest clang that can build the tree. Its version of format and lint is authoritative.
readonly kClangMajor=16

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# progress TEXT: shows how far a long step is. On a terminal the newest text replaces the last, and
# progress_ends clears it. A log gets a line every kProgressSeconds.
readonly kProgressSeconds=10
progress_is_due=0
progress() {
  if [[ -t 1 ]]; then
    printf '\r\033[K%s: %.*s' "$(basename "$0")" 100 "$*"
  elif ((SECONDS >= progress_is_due)); then
    say "$*"
    progress_is_due=$((SECONDS + kProgressSeconds))
  fi
}
progress_ends() { if [[ -t 1 ]]; then printf '\r\033[K'; fi; }

# follow STATE_OF NAME: reads a command's lines and shows how far it is. STATE_OF LINE sets `state`, or leaves
# it alone. It keeps showing the state while no line comes, because a long silence would look like the end.
follow() {
  local state_of=$1 name=$2 line part='' state='' began=$SECONDS
  while true; do
    if IFS= read -r -t "$kProgressSeconds" line; then
      "$state_of" "$part$line"
      part=
    elif (($? > 128)); then
      part+=$line
    else
      break
    fi
    [[ -z $state ]] || progress "$name: ${state/' ('/", $((SECONDS - began)) s ("}"
  done
  progress_ends
}

# Prints the major version of the clang to use: 16 if installed, else the oldest later one that has clang-tidy
# and clang-format beside it. Prints nothing and fails if there is none.
clang_suffix() {
  local candidate
  for candidate in $(seq "$kClangMajor" 40); do
    if [[ -x /usr/bin/clang++-$candidate && -x /usr/bin/clang-tidy-$candidate &&
      -x /usr/bin/clang-format-$candidate ]]; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# Prints the major version of the clang that apt can install: 16 if it knows that, else the one that Debian's
# own package `clang` depends on. Newer ones may appear in a stable Debian at any time, for its browsers.
clang_suffix_of_apt() {
  if apt-cache pkgnames "clang-$kClangMajor" | grep -qx "clang-$kClangMajor"; then
    echo "$kClangMajor"
  else
    apt-cache depends clang | sed -n 's/^ *Depends: clang-\([0-9]\+\)$/\1/p' |
      awk -v least="$kClangMajor" '$1 > least { print; found = 1; exit } END { exit !found }'
  fi
}

# The sources under the given folders, one per line, in a stable order.
sources_in() {
  find "$@" -type f \( -name '*.h' -o -name '*.cc' \) 2>/dev/null | LC_ALL=C sort
}

processors() { nproc 2>/dev/null || echo 2; }
