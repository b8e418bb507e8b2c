
# The prompt in bash: which profile is in use, and how long it still works. No program is started,
# except one when AWS_PROFILE or what it was learnt from changes. Either  ssohelper_prompt_on  at
# the end of ~/.bashrc, or ssohelper_prompt in PROMPT_COMMAND and '${SSOHELPER_PROMPT-}' in PS1.

__ssohelper_prompt_key=none __ssohelper_prompt_tried=0

# Sets SSOHELPER_PROMPT (coloured, with a space behind it), SSOHELPER_PROMPT_TEXT (plain) and
# SSOHELPER_PROMPT_LEVEL (fine, soon, late); all empty where nothing is in use. While the state
# file says the same and the minute is the same, so is the prompt: that takes a quarter of the time.
function ssohelper_prompt {
    # No local variables: these alone would cost a seventh of the whole.
    __ssohelper_prompt_code=$? __ssohelper_prompt_now=${EPOCHSECONDS-} __ssohelper_prompt_said=''
    if [[ -z $__ssohelper_prompt_now ]]; then
        # bash before 5.0, and before 4.2
        \builtin printf -v __ssohelper_prompt_now '%(%s)T' -1 2>/dev/null ||
            __ssohelper_prompt_now=$(\builtin command date +%s)
    fi
    if [[ "${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${AWS_CONFIG_FILE-} ${SSOHELPER_HOME-} ${NO_COLOR-} ${TERM-}" != "$__ssohelper_prompt_key" ||
        $__ssohelper_prompt_config -nt $__ssohelper_prompt_config_seen ||
        $__ssohelper_prompt_settings -nt $__ssohelper_prompt_settings_seen ]]; then
        __ssohelper_prompt_key="${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${AWS_CONFIG_FILE-} ${SSOHELPER_HOME-} ${NO_COLOR-} ${TERM-}"
        __ssohelper_prompt_learn
        __ssohelper_prompt_anew
    elif [[ -n $__ssohelper_prompt_session ]]; then
        # No IFS='' in front, which costs as much as the reading: a line that is read otherwise
        # is none that was seen before.
        if [[ -f $__ssohelper_prompt_session ]]; then
            \builtin read -r __ssohelper_prompt_said <"$__ssohelper_prompt_session" ||
                __ssohelper_prompt_said=''
        fi
        if [[ $__ssohelper_prompt_said != "$__ssohelper_prompt_line" || -f $__ssohelper_prompt_role ||
            $__ssohelper_prompt_token -nt $__ssohelper_prompt_seen || ! -e $__ssohelper_prompt_needed ]] ||
            ((__ssohelper_prompt_now > __ssohelper_prompt_until ||
                __ssohelper_prompt_now < __ssohelper_prompt_from)); then
            __ssohelper_prompt_anew
        fi
    elif ((__ssohelper_prompt_now > __ssohelper_prompt_until ||
        __ssohelper_prompt_now < __ssohelper_prompt_from)); then
        __ssohelper_prompt_anew
    fi
    # With `set -e` a status from before, which ended nothing then, would end the shell now.
    if [[ $- == *e* ]]; then \builtin return 0; fi
    \builtin return "$__ssohelper_prompt_code"
}

function __ssohelper_prompt_anew {
    \builtin local now="$__ssohelper_prompt_now" at='' kind='' over='signed out'
    SSOHELPER_PROMPT='' SSOHELPER_PROMPT_TEXT='' SSOHELPER_PROMPT_LEVEL=''
    __ssohelper_prompt_line='' __ssohelper_prompt_needed=/
    __ssohelper_prompt_from=$now __ssohelper_prompt_until=99999999999
    if [[ -n $__ssohelper_prompt_label ]] && __ssohelper_prompt_clock; then
        __ssohelper_prompt_show
    fi
}

function __ssohelper_prompt_learn {
    \builtin local said='' LC_ALL=C
    if [[ -n ${AWS_PROFILE-}${AWS_CREDENTIAL_EXPIRATION-} ]]; then
        said=$(_SSOHELPER_USED="${__ssohelper_used-}" \
            \builtin command ssohelper-credentials prompt --state </dev/null 2>/dev/null) || \builtin true
    fi
    __ssohelper_prompt_tried=$__ssohelper_prompt_now
    {
        IFS='' \builtin read -r __ssohelper_prompt_label || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_guarded || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_ends || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_session || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_role || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_token || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_seen || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_config || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_config_seen || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_settings || \builtin true
        IFS='' \builtin read -r __ssohelper_prompt_settings_seen || \builtin true
    } <<<"$said"
    # Whatever program answered: no more than these characters ever stand in a prompt.
    __ssohelper_prompt_label=${__ssohelper_prompt_label//[!A-Za-z0-9 ._:@\/+=,-]/?}
    case $__ssohelper_prompt_ends in
    *[!0-9]* | ????????????*) __ssohelper_prompt_ends='' ;;
    esac
}

# Sets at, kind and over of the clock that matters; fails where nothing is to be shown.
function __ssohelper_prompt_clock {
    \builtin local role_at=''
    if [[ -n $__ssohelper_prompt_ends ]]; then
        at=$((10#$__ssohelper_prompt_ends)) kind=known over=expired
        \builtin return 0
    fi
    if [[ -z $__ssohelper_prompt_session ]]; then
        kind=none
        \builtin return 0
    fi
    if [[ -f $__ssohelper_prompt_role ]] && __ssohelper_prompt_read "$__ssohelper_prompt_role" &&
        ((at > now)); then
        role_at=$at
    fi
    # Another tool signed in or out: only its token file tells. Or the runtime folder went away.
    if ! __ssohelper_prompt_read "$__ssohelper_prompt_session" ||
        { [[ -n $__ssohelper_prompt_token ]] &&
            { [[ $__ssohelper_prompt_token -nt $__ssohelper_prompt_seen ]] ||
                [[ $kind != ended && ! -e $__ssohelper_prompt_token ]]; }; }; then
        if ((now - __ssohelper_prompt_tried >= 2 || now < __ssohelper_prompt_tried)); then
            __ssohelper_prompt_learn
            [[ -n $__ssohelper_prompt_label ]] && __ssohelper_prompt_clock
            \builtin return
        fi
        if [[ -z $kind ]]; then
            __ssohelper_prompt_until=$now
            \builtin return 1
        fi
    fi
    if [[ -n $__ssohelper_prompt_token && $kind != ended ]]; then
        __ssohelper_prompt_needed=$__ssohelper_prompt_token
    fi
    __ssohelper_prompt_line="$at $kind"
    # A role that was not renewed counts, unless the sign-in ends before it.
    if [[ -n $role_at ]] &&
        { [[ $kind == open || $kind == ended ]] || ((at <= now || role_at < at)); }; then
        at=$role_at kind=known
    fi
    \builtin return 0
}

# Sets at and kind from a state file; kind is empty and it fails where that is none of ours.
function __ssohelper_prompt_read {
    \builtin local rest=''
    at='' kind=''
    [[ -f $1 && -r $1 ]] || \builtin return 1
    { IFS=' ' \builtin read -r at kind rest <"$1" || kind=-; } 2>/dev/null
    case $at in
    '' | *[!0123456789]* | ????????????*) kind=- ;;
    esac
    case $kind$rest in
    known | assumed | open | ended) at=$((10#$at)) ;;
    *)
        kind=''
        \builtin return 1
        ;;
    esac
}

function __ssohelper_prompt_show {
    # In quotes: behind \builtin these are words, which would be split and matched with files.
    \builtin local left="$((at - now))" time='' level='' sign='' mark='' room=40
    \builtin local label="$__ssohelper_prompt_label"
    case $kind in
    none) ;;
    open) time=ok level=fine ;;
    *)
        if [[ $kind == ended ]] || ((left <= 0)); then
            if [[ $kind == assumed ]]; then
                time='=?=' level=soon
            else
                time="==$over==" level=late
            fi
        else
            if ((left >= 86400)); then
                time="$((left / 86400))d$((left % 86400 / 3600))h"
            elif ((left >= 3600)); then
                \builtin printf -v time '%dh%02dm' "$((left / 3600))" "$((left % 3600 / 60))"
            elif ((left >= 60)); then
                time="$((left / 60))m"
            else
                time="${left}s"
            fi
            __ssohelper_prompt_until=$((left < 60 ? now : now + left % 60))
            level=fine
            if ((left < 300)); then
                sign='==' level=late
            elif ((left < 1800)); then
                sign='=' level=soon
            fi
            if [[ $kind == assumed ]]; then time+='?'; fi
            time=$sign$time$sign
        fi
        ;;
    esac
    if [[ $__ssohelper_prompt_guarded == 1 ]]; then mark='@@'; fi
    room=$((40 - ${#mark} - ${#time}))
    if [[ -n $time ]]; then room=$((room - 1)); fi
    if ((${#label} > room)); then
        left=$(((room - 2) / 2))
        label="${label:0:room-2-left}..${label:${#label}-left}"
    fi
    label=$mark$label
    # shellcheck disable=SC2034  # for the person's own prompt
    SSOHELPER_PROMPT_TEXT=$label${time:+ $time} SSOHELPER_PROMPT_LEVEL=$level
    if [[ -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]]; then
        SSOHELPER_PROMPT="$SSOHELPER_PROMPT_TEXT "
        \builtin return
    fi
    # What \[ and \] become in PS1: a variable's value is not read for these any more. readline
    # takes them out; without it they would reach the terminal.
    \builtin local on=$'\001\e[' off=$'m\002' colour=32
    if [[ :${SHELLOPTS-}: != *:emacs:* && :${SHELLOPTS-}: != *:vi:* ]]; then on=$'\e[' off=m; fi
    case $level in
    soon) colour=33 ;;
    late) colour='1;31' ;;
    esac
    if [[ -n $mark ]]; then label="${on}1;7;35$off$label${on}0$off"; fi
    SSOHELPER_PROMPT="$label${time:+ $on$colour$off$time${on}0$off} "
}

# Shows it in front of PS1, whatever that is and becomes; a second call changes nothing.
function ssohelper_prompt_on {
    case "${PROMPT_COMMAND[*]-}" in
    *__ssohelper_prompt_hook*) \builtin return 0 ;;
    esac
    if [[ $(\builtin declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
        PROMPT_COMMAND+=(__ssohelper_prompt_hook)
    else
        # On a line of its own: what stands there may end in a semicolon or in a comment.
        # shellcheck disable=SC2128,SC2178  # no array here, by the test above
        PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__ssohelper_prompt_hook"
    fi
}

function __ssohelper_prompt_hook {
    ssohelper_prompt || \builtin true
    # shellcheck disable=SC2016  # a reference, which each prompt expands
    if [[ ${PS1-} != *'${SSOHELPER_PROMPT-}'* ]] && \builtin shopt -q promptvars; then
        # shellcheck disable=SC2016
        PS1='${SSOHELPER_PROMPT-}'${PS1-}
    fi
    \builtin return 0
}
