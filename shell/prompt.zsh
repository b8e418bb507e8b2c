
# The prompt in zsh: which profile is in use, and how long it still works. No program is started,
# except one when AWS_PROFILE or what it was learnt from changes. Either  ssohelper_prompt_on  at
# the end of ~/.zshrc, or ssohelper_prompt in precmd_functions and, with setopt promptsubst,
# '${SSOHELPER_PROMPT-}' in PROMPT.

\builtin zmodload zsh/datetime 2>/dev/null || \builtin true
typeset -g __ssohelper_prompt_key=none __ssohelper_prompt_tried=0

# Sets SSOHELPER_PROMPT (coloured, with a space behind it), SSOHELPER_PROMPT_TEXT (plain) and
# SSOHELPER_PROMPT_LEVEL (fine, soon, late); all empty where nothing is in use. While the state
# file says the same and the minute is the same, so is the prompt: that takes a quarter of the time.
# No `emulate` here, which takes an eighth of it: quoted so that it means the same under any options.
function ssohelper_prompt {
    \builtin local code="$?" options_before="$-" now="${EPOCHSECONDS-}" key='' line=''
    if [[ -z $now ]]; then now="$(\builtin command date +%s)"; fi
    key="${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${AWS_CONFIG_FILE-} ${SSOHELPER_HOME-} ${NO_COLOR-} ${TERM-}"
    if [[ $key != "$__ssohelper_prompt_key" ||
        $__ssohelper_prompt_config -nt $__ssohelper_prompt_config_seen ||
        $__ssohelper_prompt_settings -nt $__ssohelper_prompt_settings_seen ]]; then
        typeset -g __ssohelper_prompt_key="$key"
        __ssohelper_prompt_learn
        __ssohelper_prompt_anew
    elif [[ -n $__ssohelper_prompt_session ]]; then
        if [[ -f $__ssohelper_prompt_session ]]; then
            # No fork, and not byte by byte as `read`: a sixth of the time.
            line="$(<"$__ssohelper_prompt_session")"
        fi
        # Some other hook may have set psvar anew.
        if [[ $line != "$__ssohelper_prompt_line" || -f $__ssohelper_prompt_role ||
            $__ssohelper_prompt_token -nt $__ssohelper_prompt_seen || ! -e $__ssohelper_prompt_needed ||
            ( -n $SSOHELPER_PROMPT && -z ${psvar[95]-} ) ]] ||
            ((now > __ssohelper_prompt_until || now < __ssohelper_prompt_from)); then
            __ssohelper_prompt_anew
        fi
    elif ((now > __ssohelper_prompt_until || now < __ssohelper_prompt_from)) ||
        [[ -n $SSOHELPER_PROMPT && -z ${psvar[95]-} ]]; then
        __ssohelper_prompt_anew
    fi
    # With `set -e` a status from before, which ended nothing then, would end the shell now.
    if [[ $options_before == *e* ]]; then \builtin return 0; fi
    \builtin return "$code"
}

function __ssohelper_prompt_anew {
    \builtin emulate -L zsh
    \builtin local at='' kind='' over='signed out' mark='' label='' time='' level=''
    typeset -g __ssohelper_prompt_line='' __ssohelper_prompt_needed=/
    typeset -g __ssohelper_prompt_from=$now __ssohelper_prompt_until=99999999999
    if [[ -n $__ssohelper_prompt_label ]] && __ssohelper_prompt_clock; then
        __ssohelper_prompt_words
    fi
    __ssohelper_prompt_show
}

function __ssohelper_prompt_learn {
    \builtin emulate -L zsh
    \builtin local said='' LC_ALL=C
    \builtin local -a lines
    if [[ -n ${AWS_PROFILE-}${AWS_CREDENTIAL_EXPIRATION-} ]]; then
        said=$(_SSOHELPER_USED="${__ssohelper_used-}" \
            \builtin command ssohelper-credentials prompt --state </dev/null 2>/dev/null) || \builtin true
    fi
    lines=("${(@f)said}")
    typeset -g __ssohelper_prompt_tried=$now
    # Whatever program answered: no more than these characters ever stand in a prompt.
    typeset -g __ssohelper_prompt_label=${lines[1]//[^A-Za-z0-9 ._:@\/+=,-]/\?}
    typeset -g __ssohelper_prompt_guarded=${lines[2]-} __ssohelper_prompt_ends=''
    if [[ ${lines[3]-} == <-> && ${#lines[3]} -lt 12 ]]; then __ssohelper_prompt_ends=$lines[3]; fi
    typeset -g __ssohelper_prompt_session=${lines[4]-} __ssohelper_prompt_role=${lines[5]-}
    typeset -g __ssohelper_prompt_token=${lines[6]-} __ssohelper_prompt_seen=${lines[7]-}
    typeset -g __ssohelper_prompt_config=${lines[8]-} __ssohelper_prompt_config_seen=${lines[9]-}
    typeset -g __ssohelper_prompt_settings=${lines[10]-} __ssohelper_prompt_settings_seen=${lines[11]-}
}

# Sets at, kind and over of the clock that matters; fails where nothing is to be shown.
function __ssohelper_prompt_clock {
    \builtin local role_at=''
    if [[ -n $__ssohelper_prompt_ends ]]; then
        at=$__ssohelper_prompt_ends kind=known over=expired
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
            __ssohelper_prompt_clock
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
        { [[ $kind == open || $kind == ended ]] || ((at <= now || role_at < at)) }; then
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
    [[ $at == <-> && ${#at} -lt 12 ]] || kind=-
    case $kind$rest in
    known | assumed | open | ended) ;;
    *)
        kind=''
        \builtin return 1
        ;;
    esac
}

# Sets mark, label, time and level.
function __ssohelper_prompt_words {
    \builtin local sign=''
    \builtin local -i left=$((${at:-0} - now)) room=40 days hours minutes
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
            days=$((left / 86400)) hours=$((left % 86400 / 3600)) minutes=$((left % 3600 / 60))
            if ((days)); then
                time="${days}d${hours}h"
            elif ((hours)); then
                time="${hours}h${(l:2::0:)minutes}m"
            elif ((minutes)); then
                time="${minutes}m"
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
    label=$__ssohelper_prompt_label
    room=$((40 - ${#mark} - ${#time}))
    if [[ -n $time ]]; then room=$((room - 1)); fi
    if ((${#label} > room)); then
        left=$(((room - 2) / 2))
        label="${label[1,room-2-left]}..${label[-left,-1]}"
    fi
    label=$mark$label
}

# Sets what is seen from mark, label, time and level. In psvar a value is shown as it is, with
# promptsubst and without, and is measured right; 90 to 95 are ours.
function __ssohelper_prompt_show {
    typeset -g SSOHELPER_PROMPT_TEXT=$label${time:+ $time} SSOHELPER_PROMPT_LEVEL=$level
    typeset -g SSOHELPER_PROMPT=''
    psvar[90]='' psvar[91]='' psvar[92]='' psvar[93]='' psvar[94]='' psvar[95]=''
    if [[ -z $label ]]; then \builtin return 0; fi
    psvar[95]=' '
    if [[ -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]]; then
        psvar[91]=$SSOHELPER_PROMPT_TEXT
        SSOHELPER_PROMPT="$SSOHELPER_PROMPT_TEXT "
        \builtin return 0
    fi
    \builtin local colour=green
    case $level in
    fine) psvar[92]=$time ;;
    soon) psvar[93]=$time colour=yellow ;;
    late) psvar[94]=$time colour=red ;;
    esac
    # None of the characters means anything to zsh here: `%`, `$`, backquote, `\` and `!` are out.
    if [[ -n $mark ]]; then
        psvar[90]=$label
        SSOHELPER_PROMPT="%B%S%F{magenta}$label%f%s%b"
    else
        psvar[91]=$label
        SSOHELPER_PROMPT=$label
    fi
    SSOHELPER_PROMPT+="${time:+ %F{$colour\}$time%f} "
}

# Shows it in front of PROMPT, whatever that is and becomes; a second call changes nothing.
function ssohelper_prompt_on {
    \builtin emulate -L zsh
    typeset -ga precmd_functions
    if ((! ${precmd_functions[(Ie)__ssohelper_prompt_hook]})); then
        precmd_functions+=(__ssohelper_prompt_hook)
    fi
}

function __ssohelper_prompt_hook {
    ssohelper_prompt || \builtin true
    if [[ ${PROMPT-} != *'%95v'* ]]; then
        PROMPT='%(90V.%B%S%F{magenta}%90v%f%s%b.)%91v%(92V. %F{green}%92v%f.)%(93V. %F{yellow}%93v%f.)%(94V. %F{red}%94v%f.)%95v'${PROMPT-}
    fi
    \builtin return 0
}
