# The prompt in zsh: shows the profile in use and the time left. Starts a program only when the
# profile or ~/.aws/config has changed. Call ssohelper_prompt_on at the end of ~/.zshrc, or put
# ssohelper_prompt into precmd_functions and '${SSOHELPER_PROMPT-}' into PROMPT (setopt promptsubst).
\builtin zmodload zsh/datetime 2>/dev/null || \builtin true
typeset -g __ssoh_key=none

# Sets SSOHELPER_PROMPT (coloured, with a space at its end), SSOHELPER_PROMPT_TEXT (plain) and
# SSOHELPER_PROMPT_LEVEL (fine, soon, late). Works with any shell options (`emulate` is slower).
function ssohelper_prompt {
    \builtin local code="$?" flags="$-" now="${EPOCHSECONDS-}" key='' line=''
    if [[ -z $now ]]; then now="$(\builtin command date +%s)"; fi
    key="${AWS_PROFILE-} ${AWS_CREDENTIAL_EXPIRATION-} ${SSOHELPER_SERVED_ROLE-} ${AWS_CONFIG_FILE-} ${SSOHELPER_HOME-}"
    if [[ $key != "$__ssoh_key" || ( -n $__ssoh_file && ( ! -f $__ssoh_file || $__ssoh_config -nt $__ssoh_file ) ) ]]; then
        __ssohelper_prompt_ask
    fi
    # `$(<FILE)` starts no process, and `read` takes six times as long. Without a file, the rows are
    # those of ssohelper's answer.
    if [[ -n $__ssoh_file ]]; then line="$(<"$__ssoh_file")"; else line="$__ssoh_rows"; fi
    if [[ $line != "$__ssoh_drawn" ]] || ((now > __ssoh_until || now < __ssoh_from)); then __ssohelper_prompt_draw; fi
    [[ $flags == *e* ]] || \builtin return "$code" # with -e, an earlier failure would end the shell here
}

# Asks ssohelper what to show: LABEL|SHORTER LABEL|FILE|CONFIG|ROWS. If there is a FILE, the rows
# are later read from that file. CONFIG is the path of the AWS config.
function __ssohelper_prompt_ask {
    \builtin emulate -L zsh
    \builtin local answer='' IFS='|'
    typeset -g __ssoh_key="$key" __ssoh_drawn=none
    [[ -z ${AWS_PROFILE-}${AWS_CREDENTIAL_EXPIRATION-}${SSOHELPER_SERVED_ROLE-} ]] ||
        answer=$(_SSOHELPER_USED="${__ssohelper_used-}" \builtin command ssohelper-credentials prompt --state </dev/null 2>/dev/null) || \builtin true
    \builtin read -r __ssoh_label __ssoh_short __ssoh_file __ssoh_config __ssoh_rows <<<"$answer"
    [[ -f $__ssoh_file ]] || __ssoh_file=''
}

# Draws the first row whose LAST SECOND has not passed. A row is LAST SECOND|MORE|LEVEL|TEXT,
# and "left" in TEXT is replaced by the time left until LAST SECOND + MORE.
function __ssohelper_prompt_draw {
    \builtin emulate -L zsh
    \builtin local LC_ALL=C IFS='|' rows="${line%%$'\n'*}" label="$__ssoh_label"
    \builtin local last=0 more='' level='' text='' left=0 colour='' unsafe='[^A-Za-z0-9 ._:@/+=,-]'
    typeset -g SSOHELPER_PROMPT='' SSOHELPER_PROMPT_TEXT='' SSOHELPER_PROMPT_LEVEL='' __ssoh_parts=()
    typeset -g __ssoh_drawn=$line __ssoh_from=$now __ssoh_until=99999999999
    while ((now > last)); do
        \builtin read -r last more level text rows <<<"$rows"
        if [[ -z $label || $last$more != <-> || ${#last} -gt 11 || ${#more} -gt 11 ]]; then \builtin return 0; fi
    done
    if [[ $text == *left* ]]; then
        left=$((last + more - now)) __ssoh_until=$((left < 60 ? now : now + left % 60))
        if ((left >= 86400)); then left=$((left / 86400))d$((left % 86400 / 3600))h
        elif ((left >= 3600)); then \builtin printf -v left '%dh%02dm' $((left / 3600)) $((left % 3600 / 60))
        elif ((left >= 60)); then left=$((left / 60))m; else left+=s; fi
        text=${text/left/$left}
    fi
    if ((${#label} + ${#text} > 39)); then label=$__ssoh_short; fi
    # Replaces characters that may mean something to zsh, since another program may have answered.
    label=${label//${~unsafe}/\?} text=${text//${~unsafe}/\?}
    SSOHELPER_PROMPT_TEXT=$label${text:+ $text} SSOHELPER_PROMPT_LEVEL=$level SSOHELPER_PROMPT="$label${text:+ $text} "
    __ssoh_parts=("$SSOHELPER_PROMPT_TEXT" '' '' '' '')
    if [[ -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]]; then \builtin return 0; fi
    __ssoh_parts=("$label" "$text" "${(M)label:#@@*}" "${(M)level:#soon}" "${(M)level:#late}")
    case $level in soon) colour=yellow ;; late) colour=red ;; *) colour=green ;; esac
    if [[ $label == @@* ]]; then label="%B%S%F{magenta}$label%f%s%b"; fi
    SSOHELPER_PROMPT="$label${text:+ %F{$colour\}$text%f} "
}

# Shows the prompt in front of PROMPT, also when PROMPT changes. A second call has no effect.
function ssohelper_prompt_on {
    \builtin emulate -L zsh
    ((${precmd_functions[(Ie)__ssohelper_prompt_hook]-0})) || precmd_functions+=(__ssohelper_prompt_hook)
}
# PROMPT shows psvar's elements 90 to 94 without expanding them: label, text, and whether the role
# is guarded and the level is soon or late.
function __ssohelper_prompt_hook {
    ssohelper_prompt || \builtin true
    \builtin emulate -L zsh
    psvar[90,94]=("${(@)__ssoh_parts}")
    [[ ${PROMPT-} == *'%90v'* ]] || PROMPT='%(92V.%B%S%F{magenta}.)%90v%(92V.%f%s%b.)%(91V. %(93V.%F{yellow}.%(94V.%F{red}.%F{green}))%91v%f.)%(90V. .)'${PROMPT-}
}
# A shell that the full screen started shows its role, whatever the user's rc file switches on.
if [[ -n "${SSOHELPER_PROMPT_ON-}" ]]; then ssohelper_prompt_on; fi
