# The ssohelper function for zsh: `use`, `clear` and the full screen change this shell.
# In ~/.zshrc:  eval "$(ssohelper-credentials shell-init zsh)"

\builtin unalias ssohelper 2>/dev/null || \builtin true

function __ssohelper {
    \builtin emulate -L zsh
    \builtin setopt no_xtrace # a trace would print the exported keys
    \builtin local word='' command='' skip='' text=''
    if [[ $# == 0 && -t 0 && -t 1 && -t 2 ]]; then
        __ssohelper_on_terminal
        \builtin return
    fi
    for word in "$@"; do
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == -h || $word == --help || $word == --version ]]; then
            command=''
            \builtin break
        elif [[ $word == --keys ]]; then
            text=keys
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
        \builtin command ssohelper "$@"
        \builtin return
    fi
    if [[ $command == clear && $# == 1 ]]; then
        __ssohelper_clear
        \builtin return
    fi
    if [[ -t 0 && -t 2 && -z $text ]]; then
        __ssohelper_on_terminal "$@"
        \builtin return
    fi
    if text=$(__ssohelper_program "$@"); then
        __ssohelper_apply "$text"
    else
        \builtin return
    fi
}

# Runs ssohelper, which prints a text for this shell to evaluate.
function __ssohelper_program {
    \builtin emulate -L zsh
    _SSOHELPER_SHELL=zsh _SSOHELPER_ANSWER='' _SSOHELPER_USED="${__ssohelper_used-}" \
        _SSOHELPER_PREVIOUS="${__ssohelper_previous-}" \builtin command ssohelper "$@"
}

# Runs ssohelper, which writes its text for this shell into a private file: ctrl+z does not work in
# `$(…)`. If ssohelper is suspended, zsh moves the rest of this function into a subshell, which
# cannot change this shell: a hook, set before, evaluates the text at a later prompt.
function __ssohelper_on_terminal {
    \builtin emulate -L zsh
    \builtin local file="${XDG_RUNTIME_DIR-}" code=0 level="${ZSH_SUBSHELL}"
    if [[ ! -d $file || ! -w $file ]]; then file=${TMPDIR:-/tmp}; fi
    file=$(\builtin command mktemp "$file/ssohelper.XXXXXXXXXX") || \builtin return
    \builtin typeset -ga __ssohelper_files precmd_functions
    __ssohelper_files+=("$file")
    if ((! ${precmd_functions[(Ie)__ssohelper_hook]})); then
        precmd_functions=(__ssohelper_hook "${precmd_functions[@]}")
    fi
    # The variables are exported here, so that `jobs` would show only the command. But zsh does not
    # name a job that a function has started: `jobs` shows only `suspended`.
    \builtin local -x _SSOHELPER_SHELL=zsh _SSOHELPER_ANSWER="$file" \
        _SSOHELPER_USED="${__ssohelper_used-}" _SSOHELPER_PREVIOUS="${__ssohelper_previous-}"
    \builtin command ssohelper "$@" && code=0 || code=$?
    __ssohelper_reset_terminal "$code" "$#"
    if ((ZSH_SUBSHELL != level)); then \builtin return "$code"; fi
    __ssohelper_files[-1]=()
    __ssohelper_take "$file" || code=$?
    \builtin return "$code"
}

# Resets the terminal modes that ssohelper set, if a signal such as SIGKILL ended ssohelper first.
# After SIGHUP (129), SIGINT (130) and SIGTERM (143), ssohelper has reset them; 145 to 150 say that
# ssohelper is suspended. The shell restores stty's modes.
function __ssohelper_reset_terminal {
    \builtin emulate -L zsh
    if (($1 < 131 || $1 == 143 || ($1 > 144 && $1 < 151))); then \builtin return 0; fi
    # Ends the modes for keyboard protocol, mouse, focus, pasting and resizing. Only the full screen,
    # which is called without arguments, uses the alternate screen.
    \builtin printf '\e[<u\e[?1000l\e[?1003l\e[?1015l\e[?1006l\e[?1016l\e[?1004l\e[?2004l\e[?2048l\e[?2026l' >&2
    if (($2 == 0)); then \builtin printf '\e[?1049l' >&2; fi
    \builtin printf '\e[0m\e[?7h\e[?25h\r\n' >&2
}

# Evaluates the text in the file $1, if there is any, and removes the file. Another kind of file is
# ignored, since reading a FIFO would wait.
function __ssohelper_take {
    \builtin emulate -L zsh
    \builtin setopt no_xtrace
    \builtin local text=''
    if [[ ! -f $1 || ! -O $1 || -L $1 ]]; then \builtin return 0; fi
    text=$(<"$1")
    \builtin command rm -f -- "$1"
    if [[ -n $text ]]; then __ssohelper_apply "$text"; fi
}

# Runs before the other hooks of the prompt, so that they see the new role. While this shell has any
# job, an empty file means that ssohelper still runs. Without a job, a signal has ended ssohelper,
# which would otherwise have removed the file.
function __ssohelper_hook {
    \builtin local code="$?" flags="$-"
    if [[ -n "${__ssohelper_files[*]-}" ]]; then __ssohelper_take_all || \builtin true; fi
    if [[ $flags == *e* ]]; then \builtin return 0; fi # an earlier failure must not end the shell here
    \builtin return "$code"
}

function __ssohelper_take_all {
    \builtin emulate -L zsh
    \builtin local file=''
    \builtin local -a files
    files=("${__ssohelper_files[@]}")
    \builtin typeset -ga __ssohelper_files
    __ssohelper_files=()
    for file in "${files[@]}"; do
        if [[ -O $file && ! -s $file ]] && ((${#jobstates})); then
            __ssohelper_files+=("$file")
        else
            if [[ -O $file && ! -s $file ]]; then __ssohelper_reset_terminal 137 0; fi
            __ssohelper_take "$file" || \builtin true
        fi
    done
}

# Evaluates ssohelper's text, all of it or nothing: a subshell tries the text first, since a variable
# may be read-only.
function __ssohelper_apply {
    \builtin emulate -L zsh
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
    \builtin typeset -g +x __ssohelper_used __ssohelper_previous __ssohelper_before
}

function __ssohelper_clear {
    \builtin emulate -L zsh
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
