
# The prompt in fish: which profile is in use, and how long it still works. No program is started,
# except one when AWS_PROFILE or what it was learnt from changes. Either  ssohelper_prompt_on  at
# the end of config.fish, or call ssohelper_prompt in your own fish_prompt or fish_right_prompt: it
# prints.

set -g __ssohelper_prompt_due 1
set -g __ssohelper_prompt_tried 0
# An older fish does not compare the dates of files: there nothing is kept from prompt to prompt, and
# another tool's sign-in shows later.
test / -nt /. 2>/dev/null
test $status -le 1; and set -g __ssohelper_prompt_compares 1

# What the prompt depends on beside the files: after a change the shell must learn again.
function __ssohelper_prompt_changed --on-variable AWS_PROFILE --on-variable AWS_ACCESS_KEY_ID \
    --on-variable AWS_CREDENTIAL_EXPIRATION --on-variable AWS_CONFIG_FILE \
    --on-variable SSOHELPER_HOME --on-variable XDG_RUNTIME_DIR --on-variable HOME \
    --on-variable NO_COLOR --on-variable TERM
    set -g __ssohelper_prompt_due 1
    set -g __ssohelper_prompt_dated
end

# Prints the coloured text with a space behind it, and sets SSOHELPER_PROMPT (coloured),
# SSOHELPER_PROMPT_TEXT (plain) and SSOHELPER_PROMPT_LEVEL (fine, soon, late); nothing where nothing
# is in use. The state file is dated at the end, so its age tells the time left; while that is the
# same to the minute, and the file says the same, so is the prompt. Few commands: each takes 8 us.
function ssohelper_prompt
    set -l code $status
    if set -q __ssohelper_prompt_dated[1]
        set -l age (path mtime --relative -- $__ssohelper_prompt_dated)
        if not set -q age[1]
                or not read -l line <$__ssohelper_prompt_dated
                or test "$line" != "$__ssohelper_prompt_line" \
                    -o $age -lt $__ssohelper_prompt_from -o $age -gt $__ssohelper_prompt_until \
                    -o -f "$__ssohelper_prompt_role" -o ! -e "$__ssohelper_prompt_needed" \
                    -o "$__ssohelper_prompt_watched" -nt "$__ssohelper_prompt_seen" \
                    -o "$__ssohelper_prompt_config" -nt "$__ssohelper_prompt_config_seen" \
                    -o "$__ssohelper_prompt_settings" -nt "$__ssohelper_prompt_settings_seen"
            __ssohelper_prompt_anew
        end
    else if set -q __ssohelper_prompt_due
        set -eg __ssohelper_prompt_due
        set -g __ssohelper_prompt_label ''
        set -g __ssohelper_prompt_session
        set -g __ssohelper_prompt_ends
        set -g __ssohelper_prompt_config
        set -g __ssohelper_prompt_settings
        test -n "$AWS_PROFILE$AWS_CREDENTIAL_EXPIRATION"; and __ssohelper_prompt_learn
        __ssohelper_prompt_anew
    else if set -q __ssohelper_prompt_session[1]; or set -q __ssohelper_prompt_ends[1]
            or __ssohelper_prompt_outdated
        # Nothing is to be seen of the session, until now; or fixed keys are in use.
        __ssohelper_prompt_anew
    end
    printf %s "$SSOHELPER_PROMPT"
    return $code
end

function __ssohelper_prompt_learn
    set -l lines
    # fish says of a command that is gone what no redirection takes.
    command -q ssohelper-credentials && set lines (_SSOHELPER_USED="$__ssohelper_used" \
        command ssohelper-credentials prompt --state </dev/null 2>/dev/null)
    # Whatever program answered: no more than these characters ever stand in a prompt.
    set -g __ssohelper_prompt_label (string replace -ra -- '[^A-Za-z0-9 ._:@/+=,-]' '?' "$lines[1]")
    set -g __ssohelper_prompt_guarded "$lines[2]"
    set -g __ssohelper_prompt_ends (string match -r -- '^[0-9]{1,11}$' "$lines[3]")
    set -g __ssohelper_prompt_session (string match -v '' -- $lines[4])
    set -g __ssohelper_prompt_role "$lines[5]"
    set -g __ssohelper_prompt_token $lines[6]
    set -g __ssohelper_prompt_seen $lines[7]
    set -g __ssohelper_prompt_config "$lines[8]"
    set -g __ssohelper_prompt_config_seen "$lines[9]"
    set -g __ssohelper_prompt_settings "$lines[10]"
    set -g __ssohelper_prompt_settings_seen "$lines[11]"
    set -g __ssohelper_prompt_tried (__ssohelper_prompt_now)
end

# Succeeds when the config or the settings were changed after this shell has learnt from them.
function __ssohelper_prompt_outdated
    set -q __ssohelper_prompt_compares
    and test "$__ssohelper_prompt_config" -nt "$__ssohelper_prompt_config_seen" \
        -o "$__ssohelper_prompt_settings" -nt "$__ssohelper_prompt_settings_seen"
end

# Prints the time in epoch seconds: a file's date and its age tell it, with no program.
function __ssohelper_prompt_now
    math (path mtime -- /) + (path mtime --relative -- /)
end

function __ssohelper_prompt_anew
    set -g SSOHELPER_PROMPT ''
    set -g SSOHELPER_PROMPT_TEXT ''
    set -g SSOHELPER_PROMPT_LEVEL ''
    set -g __ssohelper_prompt_dated
    set -g __ssohelper_prompt_watched
    set -g __ssohelper_prompt_needed /
    __ssohelper_prompt_outdated; and __ssohelper_prompt_learn
    test -n "$__ssohelper_prompt_label"; or return 0
    set -l now (__ssohelper_prompt_now)
    set -l clock (__ssohelper_prompt_clock $now)
    if test "$clock[1]" = again
        __ssohelper_prompt_learn
        test -n "$__ssohelper_prompt_label"; or return 0
        set clock (__ssohelper_prompt_clock $now)
        test "$clock[1]" = again; and set -e clock[1]
    end
    if set -q __ssohelper_prompt_session[1]; and set -q clock[2]; and set -q __ssohelper_prompt_compares
        set -g __ssohelper_prompt_dated $__ssohelper_prompt_session
        set -g __ssohelper_prompt_line "$clock[3..4]"
        if test -n "$__ssohelper_prompt_token"
            set -g __ssohelper_prompt_watched $__ssohelper_prompt_token
            test "$clock[4]" != ended; and set -g __ssohelper_prompt_needed $__ssohelper_prompt_token
        end
    end
    set -q clock[2]; or return 0
    __ssohelper_prompt_words $now $clock[1 2]
end

# Prints the instant and the kind of the clock that matters, then those of the session's; nothing
# where nothing is to be shown. `again` in front: another tool signed in or out, which only its
# token file tells; or the runtime folder went away.
function __ssohelper_prompt_clock -a now
    if test -n "$__ssohelper_prompt_ends"
        printf '%s\n' $__ssohelper_prompt_ends keys
        return
    end
    if test -z "$__ssohelper_prompt_session"
        printf '%s\n' 0 none
        return
    end
    set -l session (__ssohelper_prompt_read $__ssohelper_prompt_session)
    set -l changed 0
    if not set -q session[2]
        set changed 1
    else if test -n "$__ssohelper_prompt_token"
        test $session[2] != ended -a ! -e $__ssohelper_prompt_token; and set changed 1
        set -q __ssohelper_prompt_compares
        and test $__ssohelper_prompt_token -nt $__ssohelper_prompt_seen
        and set changed 1
    end
    set -l since (math $now - $__ssohelper_prompt_tried)
    test $changed = 1 -a \( $since -ge 2 -o $since -lt 0 \); and printf 'again\n'
    set -q session[2]; or return 0
    # A role that was not renewed counts, unless the sign-in ends before it.
    set -l matters $session
    set -l role (__ssohelper_prompt_read "$__ssohelper_prompt_role")
    if set -q role[2]; and test $role[1] -gt $now
        if contains -- $session[2] open ended; or test $session[1] -le $now -o $role[1] -lt $session[1]
            set matters $role[1] known
        end
    end
    printf '%s\n' $matters $session
end

# Prints the two words of a state file; nothing where it is missing or none of ours.
function __ssohelper_prompt_read -a file
    test -f "$file" -a -r "$file"; or return 0
    set -l line
    read line <$file
    string match -rq -- '^(?<at>[0-9]{1,11}) (?<kind>known|assumed|open|ended)$' "$line"; or return 0
    printf '%s\n' $at $kind
end

function __ssohelper_prompt_words -a now at kind
    set -l left (math $at - $now)
    set -l over 'signed out'
    set -l time ''
    set -l level ''
    set -l changes 99999999999
    if test $kind = keys
        set kind known
        set over expired
    end
    if test $kind = none
    else if test $kind = open
        set time ok
        set level fine
    else if test $kind = assumed -a $left -le 0
        set time '=?='
        set level soon
    else if test $kind = ended -o $left -le 0
        set time "==$over=="
        set level late
    else
        set changes (test $left -lt 60; and printf 0; or math "$left % 60")
        set -l days (math "floor($left / 86400)")
        set -l hours (math "floor($left % 86400 / 3600)")
        set -l minutes (math "floor($left % 3600 / 60)")
        if test $days -gt 0
            set time {$days}d{$hours}h
        else if test $hours -gt 0
            set time (printf '%dh%02dm' $hours $minutes)
        else if test $minutes -gt 0
            set time {$minutes}m
        else
            set time {$left}s
        end
        test $kind = assumed; and set time "$time?"
        set level fine
        if test $left -lt 300
            set level late
            set time "==$time=="
        else if test $left -lt 1800
            set level soon
            set time "=$time="
        end
    end
    if set -q __ssohelper_prompt_dated[1]
        set -l age (path mtime --relative -- $__ssohelper_prompt_dated)
        set -g __ssohelper_prompt_from $age
        set -g __ssohelper_prompt_until (math $age + $changes)
    end
    set -l mark ''
    test "$__ssohelper_prompt_guarded" = 1; and set mark '@@'
    __ssohelper_prompt_show $mark $time $level
end

function __ssohelper_prompt_show -a mark time level
    set -l label $__ssohelper_prompt_label
    set -l room (math 40 - (string length -- "$mark$time"))
    test -n "$time"; and set room (math $room - 1)
    if test (string length -- $label) -gt $room
        set -l tail (math "floor(($room - 2) / 2)")
        set -l head (math $room - 2 - $tail)
        set label (string sub -l $head -- $label)..(string sub -s -$tail -- $label)
    end
    set label "$mark$label"
    set -l behind
    test -n "$time"; and set behind " $time"
    set -g SSOHELPER_PROMPT_TEXT "$label$behind"
    set -g SSOHELPER_PROMPT_LEVEL $level
    if test -n "$NO_COLOR" -o "$TERM" = dumb -o -z "$TERM"
        set -g SSOHELPER_PROMPT "$SSOHELPER_PROMPT_TEXT "
        return 0
    end
    set -l plain (set_color normal)
    test -n "$mark"; and set label (set_color --bold --reverse magenta)$label$plain
    switch "$level"
        case fine
            set behind " "(set_color green)$time$plain
        case soon
            set behind " "(set_color yellow)$time$plain
        case late
            set behind " "(set_color --bold red)$time$plain
    end
    set -g SSOHELPER_PROMPT "$label$behind "
end

# Shows it in front of the right prompt; a second call changes nothing.
function ssohelper_prompt_on
    functions -q __ssohelper_prompt_right; and return 0
    if functions -q fish_right_prompt
        functions -c fish_right_prompt __ssohelper_prompt_right
    else
        function __ssohelper_prompt_right
        end
    end
    function fish_right_prompt
        set -l code $status
        ssohelper_prompt
        # The status is what the prompt behind ours may want to show.
        __ssohelper_prompt_code $code
        __ssohelper_prompt_right
    end
    function __ssohelper_prompt_code -a code
        return $code
    end
end
