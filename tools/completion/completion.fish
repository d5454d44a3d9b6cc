# What the program itself says may stand here.
function __latchkey_words
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete $words "$begun" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$begun")
            case :directories
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$begun")
            case '*'
                echo $line
        end
    end
end
for program in latchkey latchkeyd latchkey-bench
    complete -c $program -f -a '(__latchkey_words)'
end
