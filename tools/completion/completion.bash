# What the program itself says may stand here.
_latchkey_words() {
  local line word
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default ;;
      :directories) compopt -o dirnames ;;
      *)
        printf -v word %q "${line%%$'\t'*}"
        COMPREPLY+=("$word")
        ;;
    esac
  done < <("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _latchkey_words latchkey latchkeyd latchkey-bench
