# Completion of ssohelper for bash. ssohelper gets the command line unchanged and quotes the names, so
# nothing on the line is expanded or run.
_ssohelper() {
    COMPREPLY=()
    local answer
    answer=$(command ssohelper-credentials completion --answer bash \
        "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" "${COMP_TYPE:-9}" 2>/dev/null) || return 0
    local kind=${answer%%$'\n'*}
    answer=${answer#"$kind"}
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames 2>/dev/null ;;
        command) _ssohelper_command ;;
        words* | list)
            # Splits at line ends only, without globbing. `read` would read byte by byte.
            local IFS=$'\n' globbing=$-
            set -f
            # shellcheck disable=SC2206
            COMPREPLY=($answer)
            [[ $globbing == *f* ]] || set +f
            [[ $kind == "words nospace" ]] && compopt -o nospace 2>/dev/null
            # With an empty candidate in the list, readline inserts nothing and shows the list.
            [[ $kind == list ]] && COMPREPLY+=("")
            ;;
    esac
    return 0
}

# Completes the words after `exec PROFILE --` as the command that begins there would be.
_ssohelper_command() {
    local at=1
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} != -- ]]; do ((++at)); done
    ((++at))
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$at"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif ((COMP_CWORD == at)); then
        local IFS=$'\n'
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _ssohelper ssohelper
