#compdef doctor

_doctor() {
    local -a answer values
    local line directive about
    answer=("${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${answer[-1]#:}
    # A colon separates a value from its description.
    for line in "${(@)answer[1,-2]}"; do
        about=${${line#*$'\t'}#$line}
        values+=("${${line%%$'\t'*}//:/\\:}${about:+:$about}")
    done
    case $directive in
        0) _files ;;
        16) _files -/ ;;
        6) _describe -V doctor values -S '' ;;
        *) _describe -V doctor values ;;
    esac
}

if [[ $funcstack[1] == _doctor ]]; then
    _doctor "$@"
else
    compdef _doctor doctor
fi
