# Completion of ssohelper for bash. Names are quoted by the program, which gets the line as it is:
# nothing on it is expanded or run.
_ssohelper() {
    COMPREPLY=()
    local said
    said=$(command ssohelper-credentials completion --answer bash \
        "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" "${COMP_TYPE:-9}" 2>/dev/null) || return 0
    local kind=${said%%$'\n'*}
    said=${said#"$kind"}
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames 2>/dev/null ;;
        command) _ssohelper_command ;;
        words* | list)
            # Split at line ends alone, with no globbing; `read` would take each byte by itself.
            local IFS=$'\n' globbing=$-
            set -f
            # shellcheck disable=SC2206
            COMPREPLY=($said)
            [[ $globbing == *f* ]] || set +f
            [[ $kind == "words nospace" ]] && compopt -o nospace 2>/dev/null
            # With an empty one readline inserts nothing: these are only to be seen.
            [[ $kind == list ]] && COMPREPLY+=("")
            ;;
    esac
    return 0
}

# After `exec PROFILE --` stands a command: completed as that command by itself would be.
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
