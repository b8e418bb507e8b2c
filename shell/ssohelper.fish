# The ssohelper function for fish: `use`, `clear` and the full screen change this shell.
# In ~/.config/fish/config.fish:  ssohelper-credentials shell-init fish | source

function __ssohelper
    set -l fish_trace # a trace would print the exported keys
    set -l command ''
    set -l skip ''
    set -l keys ''
    if test (count $argv) = 0; and isatty stdin; and isatty stdout; and isatty stderr
        __ssohelper_on_terminal
        return
    end
    for word in $argv
        if test -n "$skip"
            set skip ''
        else if contains -- $word -h --help --version
            set command ''
            break
        else if test "$word" = --keys
            set keys 1
        else if test -z "$command"
            switch $word
                case use clear
                    set command $word
                case --session
                    set skip 1
                case '-*'
                case '*'
                    break
            end
        end
    end
    if test -z "$command"
        command ssohelper $argv
        return
    end
    if test "$command" = clear; and test (count $argv) = 1
        __ssohelper_clear
        return
    end
    if test -z "$keys"; and isatty stdin; and isatty stderr
        __ssohelper_on_terminal $argv
        return
    end
    # A pipe is used, because `(…)` has the streams of the shell, not those to which this call is
    # redirected. fish would wait for the pipe of a suspended program, so ctrl+z is ignored.
    set -l text ''
    _SSOHELPER_SHELL=fish _SSOHELPER_USED="$__ssohelper_used" \
        _SSOHELPER_PREVIOUS="$__ssohelper_previous" \
        command sh -c 'trap "" TSTP; exec ssohelper "$@"' sh $argv | read -lz text
    set -l code $pipestatus[1]
    if test $code != 0
        return $code
    end
    __ssohelper_apply $text
end

# Runs ssohelper, which writes its text for this shell into a private file: ctrl+z does not work in
# `(…)`. If ssohelper is suspended, this function ends, and a later prompt evaluates the text.
function __ssohelper_on_terminal
    set -l fish_trace
    set -l folder "$XDG_RUNTIME_DIR"
    if not test -d "$folder" -a -w "$folder"
        set folder "$TMPDIR"
        test -n "$folder"; or set folder /tmp
    end
    set -l file (command mktemp "$folder/ssohelper.XXXXXXXXXX")
    or return
    # Separate lines set these variables, so that `jobs` shows only the command.
    set -lx _SSOHELPER_SHELL fish
    set -lx _SSOHELPER_ANSWER "$file"
    set -lx _SSOHELPER_USED "$__ssohelper_used"
    set -lx _SSOHELPER_PREVIOUS "$__ssohelper_previous"
    command ssohelper $argv
    set -l code $status
    # A suspended program has status 0 here. A program that ends without a text removes its file.
    if test $code = 0 -a -O "$file" -a ! -s "$file"
        set -ga __ssohelper_files "$file"
        return
    end
    __ssohelper_reset_terminal $code (count $argv)
    __ssohelper_take "$file"
    or set code $status
    return $code
end

# Resets the terminal modes that ssohelper set, if a signal such as SIGKILL ended ssohelper first.
# After SIGHUP (129), SIGINT (130) and SIGTERM (143), ssohelper has reset them. The shell restores
# stty's modes.
function __ssohelper_reset_terminal -a code arguments
    if test $code -lt 131 -o $code = 143
        return 0
    end
    # Ends the modes for keyboard protocol, mouse, focus, pasting and resizing. Only the full screen,
    # which is called without arguments, uses the alternate screen.
    printf '\e[<u\e[?1000l\e[?1003l\e[?1015l\e[?1006l\e[?1016l\e[?1004l\e[?2004l\e[?2048l\e[?2026l' >&2
    test $arguments = 0; and printf '\e[?1049l' >&2
    printf '\e[0m\e[?7h\e[?25h\r\n' >&2
end

# Evaluates the text in the file $1, if there is any, and removes the file. Another kind of file is
# ignored, since reading a FIFO would wait.
function __ssohelper_take
    set -l fish_trace
    if not test -f "$argv[1]" -a -O "$argv[1]"; or test -L "$argv[1]"
        return 0
    end
    set -l text (command cat -- "$argv[1]")
    command rm -f -- "$argv[1]"
    if test -n "$text"
        __ssohelper_apply $text
    end
end

# Evaluates the texts in all files. While this shell has any job, an empty file means that ssohelper
# still runs. Without a job, a signal has ended ssohelper, which would otherwise remove the file.
function __ssohelper_hook --on-event fish_prompt
    set -q __ssohelper_files[1]
    or return
    set -l files $__ssohelper_files
    set -eg __ssohelper_files
    for file in $files
        if test -O "$file" -a ! -s "$file"; and jobs -q
            set -ga __ssohelper_files "$file"
        else
            test -O "$file" -a ! -s "$file"; and __ssohelper_reset_terminal 137 0
            __ssohelper_take "$file"
        end
    end
end

function __ssohelper_apply
    if not string match -q -- '*__ssohelper_*' "$argv[1]"
        printf 'ssohelper: error: ssohelper use has printed something unexpected\n' >&2
        return 1
    end
    printf '%s\n' $argv | source
end

# Refuses universal variables of these names. They belong to all of the user's fish shells, so `use`
# must not erase these, and a global variable cannot hide them from programs.
function __ssohelper_no_universal
    for name in $argv
        if set -qUx $name
            printf 'ssohelper: error: %s is a universal variable, which would win: nothing was changed\n' $name >&2
            printf 'ssohelper: hint: erase it with: set -eU %s\n' $name >&2
            return 7
        end
    end
end

function __ssohelper_clear
    if test -n "$__ssohelper_before"
        set -l before $__ssohelper_before
        set -gu __ssohelper_previous $__ssohelper_used
        set -gu __ssohelper_used ''
        set -eg __ssohelper_before
        printf '%s\n' $before | source
        printf 'the environment is as it was before the first use\n' >&2
    else if test -n "$AWS_PROFILE$AWS_SESSION_EXPIRATION"
        set -l names AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
        if test -n "$AWS_SESSION_EXPIRATION"
            set -a names AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
                AWS_CREDENTIAL_EXPIRATION AWS_SESSION_EXPIRATION AWS_ACCOUNT_ID
        end
        for name in $names
            set -eg $name
        end
        set -gu __ssohelper_used ''
        printf 'cleared what this shell had inherited\n' >&2
    else
        printf 'there is nothing to clear\n' >&2
    end
end

function ssohelper --wraps ssohelper
    __ssohelper $argv
end
