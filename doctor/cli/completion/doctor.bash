# bash completion for doctor. It needs nothing but bash 4: no other completion, no Python.

_doctor() {
    local rest=${COMP_LINE:0:COMP_POINT} word gap index last answer line
    local -a words=()
    # bash splits words at ':' and '=' (COMP_WORDBREAKS); pieces with nothing between them are one word.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if ((index == COMP_CWORD)); then
            word=${rest#"${rest%%[![:space:]]*}"}
            [[ ${COMP_WORDS[index]} == "" ]] && word=
        fi
        gap=${rest%%"$word"*}
        if [[ $index -gt 0 && -z $gap && -n $word && ${#words[@]} -gt 0 ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        rest=${rest#"$gap$word"}
    done
    last=${words[${#words[@]} - 1]}
    answer=$("$1" __completeNoDesc "${words[@]:1}" 2>/dev/null) || return 0
    COMPREPLY=()
    # What bash replaces begins behind the last of these signs.
    gap=
    [[ $last == *[:=]* && $COMP_WORDBREAKS == *[:=]* ]] && gap=${last%"${last##*[:=]}"}
    while IFS= read -r line; do
        case $line in
            :*) index=${line#:} ;;
            ?*) COMPREPLY+=("${line#"$gap"}") ;;
        esac
    done <<<"$answer"
    case $index in
        0) compopt -o default ;;
        6) compopt -o nospace ;;
        16) compopt -o dirnames ;;
    esac
}

complete -F _doctor doctor
