# fish completion for doctor

function __doctor_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l answer (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    or return
    switch $answer[-1]
        case :0
            __fish_complete_path "$current"
        case :16
            __fish_complete_directories "$current" ''
        case '*'
            printf '%s\n' $answer[1..-2]
    end
end

complete --command doctor --no-files --keep-order --arguments '(__doctor_complete)'
