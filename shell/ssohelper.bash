# The ssohelper function for bash: `use`, `clear` and the full screen change this shell.
# In ~/.bashrc:  eval "$(ssohelper-credentials shell-init bash)"

\builtin unalias ssohelper 2>/dev/null || \builtin true

function __ssohelper {
    \builtin local word='' command='' skip='' text=''
    if [[ $- == *[vx]* ]]; then
        # `set -x` and `set -v` are switched off, because they would print the exported keys.
        text=$-
        { \builtin set +vx; } 2>/dev/null
        __ssohelper "$@" && word=0 || word=$?
        if [[ $text == *v* ]]; then \builtin set -v; fi
        if [[ $text == *x* ]]; then \builtin set -x; fi
        \builtin return "$word"
    fi
    if [[ $# == 0 && -t 0 && -t 1 && -t 2 ]]; then
        # The full screen is on the terminal; its text for this shell comes through descriptor 3.
        text=$(_SSOHELPER_SHELL=bash _SSOHELPER_ANSWER=3 _SSOHELPER_USED="${__ssohelper_used-}" \
            _SSOHELPER_PREVIOUS="${__ssohelper_previous-}" \
            \builtin command ssohelper 3>&1 >/dev/tty) || \builtin return
        if [[ -n $text ]]; then __ssohelper_apply "$text"; fi
        \builtin return
    fi
    for word in "$@"; do
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == -h || $word == --help || $word == --version ]]; then
            command=''
            \builtin break
        elif [[ -z $command ]]; then
            case $word in
            use | clear) command=$word ;;
            --session) skip=1 ;;
            -*) ;;
            *) \builtin break ;;
            esac
        fi
    done
    if [[ -z $command ]]; then
        # With `set -e`, a failure of `builtin command` would end the shell, even before `||`.
        (\builtin exec ssohelper "$@")
        \builtin return
    fi
    if [[ $command == clear && $# == 1 ]]; then
        __ssohelper_clear
        \builtin return
    fi
    if text=$(_SSOHELPER_SHELL=bash _SSOHELPER_USED="${__ssohelper_used-}" \
        _SSOHELPER_PREVIOUS="${__ssohelper_previous-}" \builtin command ssohelper "$@"); then
        __ssohelper_apply "$text"
    else
        \builtin return
    fi
}

# Evaluates ssohelper's text, all of it or nothing: a subshell tries it first, since a variable may
# be read-only.
function __ssohelper_apply {
    if [[ $1 != __ssohelper_* ]]; then
        \builtin printf 'ssohelper: error: ssohelper use has printed something unexpected\n' >&2
        \builtin return 1
    fi
    if ! (\builtin eval "$1") >/dev/null 2>&1; then
        \builtin printf 'ssohelper: error: %s\n' \
            "a variable of AWS's is read-only in this shell: nothing was changed" >&2
        \builtin printf 'ssohelper: hint: see which with: readonly -p\n' >&2
        \builtin return 7
    fi
    \builtin eval "$1"
    # `set -a` would export these variables, but they may hold secrets that `use` has unset.
    \builtin export -n __ssohelper_used __ssohelper_previous __ssohelper_before
}

function __ssohelper_clear {
    if [[ -n ${__ssohelper_before-} ]]; then
        __ssohelper_apply "__ssohelper_previous=\$__ssohelper_used &&
__ssohelper_used= &&
$__ssohelper_before &&
unset -v __ssohelper_before" || \builtin return
        \builtin printf 'the environment is as it was before the first use\n' >&2
    elif [[ -n ${AWS_PROFILE-}${AWS_SESSION_EXPIRATION-} ]]; then
        __ssohelper_apply "__ssohelper_used= &&
unset -v AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION ${AWS_SESSION_EXPIRATION:+AWS_ACCESS_KEY_ID \
AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION AWS_SESSION_EXPIRATION \
AWS_ACCOUNT_ID}" || \builtin return
        \builtin printf 'cleared what this shell had inherited\n' >&2
    else
        \builtin printf 'there is nothing to clear\n' >&2
    fi
}

function ssohelper { __ssohelper "$@"; }
