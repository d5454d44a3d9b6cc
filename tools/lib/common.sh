# What every script of daily work shares: the root of the tree, how a line is said, and which clang is used.
# Sourced, never run. Bash 5 (Debian 12).

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# Debian's own tools, whatever stands before them in PATH: meson's modules belong to /usr/bin/python3.
export PATH="/usr/bin:/bin:/usr/sbin:/sbin:$PATH"

# The oldest clang that builds the tree, and the one whose format and findings are the measure.
readonly kClangMajor=16

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Prints the major version of the clang to use: 16 where it is installed, else the newest above it that has
# clang-tidy and clang-format beside it. Prints nothing, and fails, where there is none.
clang_suffix() {
  local candidate
  for candidate in "$kClangMajor" $(seq 40 -1 $((kClangMajor + 1))); do
    if [[ -x /usr/bin/clang++-$candidate && -x /usr/bin/clang-tidy-$candidate &&
      -x /usr/bin/clang-format-$candidate ]]; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# Prints the major version of the clang that apt can install, chosen in the same way.
clang_suffix_of_apt() {
  local versions
  versions=$(apt-cache pkgnames clang- | sed -n 's/^clang-\([0-9]\+\)$/\1/p' | sort -rn)
  if grep -qx "$kClangMajor" <<<"$versions"; then
    echo "$kClangMajor"
  else
    awk -v least="$kClangMajor" '$1 > least { print; found = 1; exit } END { exit !found }' <<<"$versions"
  fi
}

# The sources under the given folders, one a line, in a stable order.
sources_in() {
  find "$@" -type f \( -name '*.h' -o -name '*.cc' \) 2>/dev/null | LC_ALL=C sort
}

processors() { nproc 2>/dev/null || echo 2; }
