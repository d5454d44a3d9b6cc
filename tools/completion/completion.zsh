#compdef latchkey latchkeyd latchkey-bench
# What the program itself says may stand here.
local line
local -a offered
for line in "${(@f)$(${(Q)words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
  case $line in
    :files) compset -P '--*='; _files ;;
    :directories) compset -P '--*='; _files -/ ;;
    ?*) offered+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
  esac
done
(( $#offered )) && _describe argument offered
