# The ssohelper function for fish: `use`, `clear` and the full screen change this shell.
# In ~/.config/fish/config.fish:  ssohelper-credentials shell-init fish | source

function __ssohelper
    set -l fish_trace # a trace would print the exported keys
    set -l command ''
    set -l skip ''
    if test (count $argv) = 0; and isatty stdin; and isatty stdout; and isatty stderr
        # The full screen is on the terminal; its text for this shell comes through descriptor 3.
        set -l text (_SSOHELPER_SHELL=fish _SSOHELPER_ANSWER=3 _SSOHELPER_USED="$__ssohelper_used" \
            _SSOHELPER_PREVIOUS="$__ssohelper_previous" command ssohelper 3>&1 >/dev/tty)
        or return
        if test -n "$text"
            __ssohelper_apply $text
        end
        return
    end
    for word in $argv
        if test -n "$skip"
            set skip ''
        else if contains -- $word -h --help --version
            set command ''
            break
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
    set -l text (_SSOHELPER_SHELL=fish _SSOHELPER_USED="$__ssohelper_used" \
        _SSOHELPER_PREVIOUS="$__ssohelper_previous" command ssohelper $argv)
    or return
    __ssohelper_apply $text
end

function __ssohelper_apply
    if not string match -q -- '*__ssohelper_*' "$argv[1]"
        printf 'ssohelper: error: ssohelper use has printed something unexpected\n' >&2
        return 1
    end
    printf '%s\n' $argv | source
end

# Refuses universal variables of these names. They belong to all of the user's fish shells, so `use`
# must not erase them, and a global variable cannot hide them from programs.
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
