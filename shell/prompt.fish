# The prompt in fish: shows the profile in use and the time left. Starts a program only when the
# profile or ~/.aws/config has changed. Call ssohelper_prompt_on at the end of config.fish, or call
# ssohelper_prompt, which prints the text, in your own fish_prompt or fish_right_prompt.
function __ssohelper_prompt_forget --on-variable AWS_PROFILE --on-variable AWS_ACCESS_KEY_ID --on-variable HOME \
    --on-variable AWS_CREDENTIAL_EXPIRATION --on-variable AWS_CONFIG_FILE --on-variable SSOHELPER_HOME --on-variable NO_COLOR \
    --on-variable SSOHELPER_SERVED_ROLE --on-variable XDG_RUNTIME_DIR --on-variable TERM
    set -g __ssoh_files
end; __ssohelper_prompt_forget

# Prints the coloured text and a space, and sets SSOHELPER_PROMPT (the same), SSOHELPER_PROMPT_TEXT
# (plain) and SSOHELPER_PROMPT_LEVEL (fine, soon, late). Knows the time only from the age of a file,
# because fish has no other clock.
function ssohelper_prompt
    set -l code $status
    set -l ages (path mtime --relative -- $__ssoh_files)
    if not set -q ages[2]; or test $ages[2] -lt $ages[1] # a file is missing, or the config is newer
        __ssohelper_prompt_ask; set ages (path mtime --relative -- $__ssoh_files)
    end
    test -f $__ssoh_files[1]; and read -g __ssoh_rows <$__ssoh_files[1]
    if test "$__ssoh_rows" != "$__ssoh_drawn" -o $ages[1] -lt $__ssoh_from -o $ages[1] -gt $__ssoh_until
        __ssohelper_prompt_draw $ages[1]
    end
    printf %s "$SSOHELPER_PROMPT"; return $code
end

# Asks ssohelper what to show: LABEL|SHORTER LABEL|FILE|CONFIG|ROWS. If there is a FILE, the rows
# are later read from that file. CONFIG is the path of the AWS config.
function __ssohelper_prompt_ask
    set -l answer ''
    # `command -q` is needed, because fish reports a missing command even if output is redirected.
    test -n "$AWS_PROFILE$AWS_CREDENTIAL_EXPIRATION$SSOHELPER_SERVED_ROLE" && command -q ssohelper-credentials && set answer \
        (_SSOHELPER_USED="$__ssohelper_used" command ssohelper-credentials prompt --state </dev/null 2>/dev/null)
    printf %s "$answer[1]" | read -g -d '|' __ssoh_label __ssoh_short __ssoh_file __ssoh_config __ssoh_rows
    set -g __ssoh_drawn none; set -g __ssoh_from 0; set -g __ssoh_until 0
    # If there is no prompt file, or no config to compare it with, a file is compared with itself.
    set -g __ssoh_files (path filter -- $__ssoh_file $__ssoh_config)
    test -e "$__ssoh_file"; or set __ssoh_files /; set -q __ssoh_files[2]; or set -a __ssoh_files $__ssoh_files
end

# Draws the first row whose LAST SECOND has not passed. A row is LAST SECOND|MORE|LEVEL|TEXT,
# and "left" in TEXT is replaced by the time left until LAST SECOND + MORE.
function __ssohelper_prompt_draw -a age
    set -l now (math (path mtime -- $__ssoh_files[1]) + $age); set -l label $__ssoh_label; set -l rows $__ssoh_rows; set -l last 0
    set -g SSOHELPER_PROMPT ''; set -g SSOHELPER_PROMPT_TEXT ''; set -g SSOHELPER_PROMPT_LEVEL ''
    set -g __ssoh_drawn $rows; set -g __ssoh_from $age; set -g __ssoh_until 99999999999
    while test $last -lt $now
        printf %s "$rows" | read -f -d '|' last more level text rows
        string match -rq -- '^[0-9]{1,11},[0-9]{1,11}$' "$last,$more"; and test -n "$label"; or return 0
    end
    if string match -q '*left*' -- $text
        set -l left (math $last + $more - $now); set -g __ssoh_until (test $left -lt 60; and echo $age; or math "$age + $left % 60")
        set -l units (math -s0 $left / 86400) (math -s0 "$left % 86400 / 3600") (math -s0 "$left % 3600 / 60")
        if test $left -ge 86400; set left $units[1]d$units[2]h
        else if test $left -ge 3600; set left (printf '%dh%02dm' $units[2 3])
        else; set left (test $left -ge 60; and echo $units[3]m; or echo {$left}s); end
        set text (string replace left $left -- $text)
    end
    test (string length -- "$label$text") -gt 39; and set label $__ssoh_short
    # Replaces characters that are not safe in a prompt, since another program may have answered.
    set -l shown (string replace -ra -- '[^A-Za-z0-9 ._:@/+=,-]' '?' $label (string match -r '.+' -- $text))
    set -g SSOHELPER_PROMPT_TEXT "$shown"; set -g SSOHELPER_PROMPT_LEVEL $level
    if test -z "$NO_COLOR" -a "$TERM" != dumb -a -n "$TERM"
        set -l colour green; test "$level" = soon; and set colour yellow; test "$level" = late; and set colour -o red
        string match -q '@@*' -- $shown[1]; and set shown[1] (set_color -o -r magenta)$shown[1](set_color normal)
        set -q shown[2]; and set shown[2] (set_color $colour)$shown[2](set_color normal)
    end
    set -g SSOHELPER_PROMPT "$shown "
end

# Shows the prompt in front of the right prompt. A second call has no effect.
function ssohelper_prompt_on
    functions -q __ssohelper_prompt_right; and return 0
    functions -q fish_right_prompt; and functions -c fish_right_prompt __ssohelper_prompt_right; or function __ssohelper_prompt_right; end
    function fish_right_prompt; ssohelper_prompt; __ssohelper_prompt_right; end
end
# A shell that the full screen started shows its role. config.fish may set the right prompt later.
if test -n "$SSOHELPER_PROMPT_ON"; function __ssohelper_prompt_first --on-event fish_prompt
    functions -e __ssohelper_prompt_first; functions fish_right_prompt | string match -q '*ssohelper_prompt*'; and return
    functions -e __ssohelper_prompt_right; ssohelper_prompt_on
end; end
