# shellcheck disable=SC2016,SC2034,SC2128,SC2178
# The prompt in bash: shows the profile in use and the time left. Starts a program only when the
# profile or ~/.aws/config has changed. Call ssohelper_prompt_on at the end of ~/.bashrc, or put
# ssohelper_prompt into PROMPT_COMMAND and '${SSOHELPER_PROMPT-}' into PS1.
__ssoh_key=none

# Sets SSOHELPER_PROMPT (coloured, with a space at its end), SSOHELPER_PROMPT_TEXT (plain) and
# SSOHELPER_PROMPT_LEVEL (fine, soon, late). Local variables would take a seventh more time.
function ssohelper_prompt {
    __ssoh_status=$? __ssoh_now=${EPOCHSECONDS-}
    # Bash before 5.0 has no EPOCHSECONDS, and bash before 4.2 needs date.
    [[ -n $__ssoh_now ]] || \builtin printf -v __ssoh_now '%(%s)T' -1 2>/dev/null || __ssoh_now=$(\builtin command date +%s)
    if [[ "${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${SSOHELPER_SERVED_ROLE-} ${AWS_CONFIG_FILE-} \
${SSOHELPER_HOME-}" != "$__ssoh_key" || ! -f $__ssoh_file && $__ssoh_file != / || $__ssoh_config -nt $__ssoh_file ]]; then
        __ssohelper_prompt_ask || \builtin true
    fi
    [[ $__ssoh_file == / ]] || \builtin read -r __ssoh_rows <"$__ssoh_file" || __ssoh_rows=''
    if [[ $__ssoh_rows != "$__ssoh_drawn" ]] ||
        ((__ssoh_now > __ssoh_until || __ssoh_now < __ssoh_from)); then
        __ssohelper_prompt_draw || \builtin true
    fi
    [[ $- == *e* ]] || \builtin return "$__ssoh_status" # with -e, an earlier failure would end the shell here
}

# Asks ssohelper what to show: LABEL|SHORTER LABEL|FILE|CONFIG|ROWS. If there is a FILE, the rows
# are later read from that file. CONFIG is the path of the AWS config.
function __ssohelper_prompt_ask {
    \builtin local IFS='|' LC_ALL=C answer=''
    __ssoh_key="${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${SSOHELPER_SERVED_ROLE-} ${AWS_CONFIG_FILE-} ${SSOHELPER_HOME-}"
    [[ -z ${AWS_PROFILE-}${AWS_CREDENTIAL_EXPIRATION-}${SSOHELPER_SERVED_ROLE-} ]] ||
        answer=$(_SSOHELPER_USED="${__ssohelper_used-}" \builtin command ssohelper-credentials prompt --state </dev/null 2>/dev/null)
    \builtin read -r __ssoh_label __ssoh_short __ssoh_file __ssoh_config __ssoh_rows <<<"$answer"
    [[ -f $__ssoh_file ]] || __ssoh_file=/ __ssoh_config='' # there is no file to compare and read
    __ssoh_drawn=none
}

# Draws the first row whose LAST SECOND has not passed. A row is LAST SECOND|MORE|LEVEL|TEXT,
# and "left" in TEXT is replaced by the time left until LAST SECOND + MORE.
function __ssohelper_prompt_draw {
    \builtin local IFS='|' LC_ALL=C rows="$__ssoh_rows" now="$__ssoh_now"
    \builtin local label="$__ssoh_label" last=0 more='' level='' text='' left=''
    \builtin local unsafe='[!A-Za-z0-9 ._:@/+=,-]' colour=32 on=$'\001\e[' off=$'m\002'
    SSOHELPER_PROMPT='' SSOHELPER_PROMPT_TEXT='' SSOHELPER_PROMPT_LEVEL=''
    __ssoh_drawn=$rows __ssoh_from=$now __ssoh_until=99999999999
    while ((now > 10#$last)); do
        \builtin read -r last more level text rows <<<"$rows"
        if [[ -z $label || -z $last || $last$more == *[!0-9]* ]]; then \builtin return 0; fi
    done
    if [[ $text == *left* ]]; then
        left=$((10#$last + 10#$more - now)) __ssoh_until=$((left < 60 ? now : now + left % 60))
        if ((left >= 86400)); then left=$((left / 86400))d$((left % 86400 / 3600))h
        elif ((left >= 3600)); then \builtin printf -v left '%dh%02dm' $((left / 3600)) $((left % 3600 / 60))
        elif ((left >= 60)); then left=$((left / 60))m; else left+=s; fi
        text=${text/left/$left}
    fi
    if ((${#label} + ${#text} > 39)); then label=$__ssoh_short; fi
    # Replaces characters that are not safe in a prompt, since another program may have answered.
    label=${label//$unsafe/?} text=${text//$unsafe/?}
    SSOHELPER_PROMPT_TEXT=$label${text:+ $text} SSOHELPER_PROMPT_LEVEL=$level SSOHELPER_PROMPT="$label${text:+ $text} "
    if [[ -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]]; then \builtin return 0; fi
    # \001 and \002 mean to readline what \[ and \] mean in PS1. Other programs print them.
    if [[ :${SHELLOPTS-}: != *:emacs:* && :${SHELLOPTS-}: != *:vi:* ]]; then on=$'\e[' off=m; fi
    case $level in soon) colour=33 ;; late) colour='1;31' ;; esac
    if [[ $label == @@* ]]; then label="${on}1;7;35$off$label${on}0$off"; fi
    SSOHELPER_PROMPT="$label${text:+ $on$colour$off$text${on}0$off} "
}

# Shows the prompt in front of PS1, also when PS1 changes. A second call has no effect.
function ssohelper_prompt_on {
    if [[ ${PROMPT_COMMAND[*]-} == *__ssohelper_prompt_hook* ]]; then \builtin return 0
    elif [[ $(\builtin declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then PROMPT_COMMAND+=(__ssohelper_prompt_hook)
    # The hook is on its own line, because the command before it may end in a semicolon or comment.
    else PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__ssohelper_prompt_hook"; fi
}
function __ssohelper_prompt_hook {
    ssohelper_prompt || \builtin true
    [[ ${PS1-} == *'${SSOHELPER_PROMPT-}'* ]] || ! \builtin shopt -q promptvars || PS1='${SSOHELPER_PROMPT-}'${PS1-}
}
# A shell that the full screen started shows its role, whatever the user's rc file switches on.
if [[ -n ${SSOHELPER_PROMPT_ON-} ]]; then ssohelper_prompt_on; fi
