
# The prompt in PowerShell: which profile is in use, and how long it still works. No program is
# started, except one when AWS_PROFILE or what it was learnt from changes. Written from PowerShell's
# documentation; not tested. Either  ssohelper_prompt_on  at the end of $PROFILE, or
# (ssohelper_prompt) in your own `prompt`.

$global:__ssohelper_prompt_key = ''
$global:__ssohelper_prompt_learnt = @()
$global:__ssohelper_prompt_tried = 0

# Returns the coloured text with a space behind it, and sets $SSOHELPER_PROMPT_TEXT (plain) and
# $SSOHELPER_PROMPT_LEVEL (fine, soon, late); '' where nothing is in use.
function ssohelper_prompt {
    Set-StrictMode -Off # here alone: $LASTEXITCODE, for one, is not set in a new shell
    $global:SSOHELPER_PROMPT_TEXT = ''
    $global:SSOHELPER_PROMPT_LEVEL = ''
    if (-not ($env:AWS_PROFILE -or $env:AWS_CREDENTIAL_EXPIRATION)) {
        $global:__ssohelper_prompt_key = ''
        return ''
    }
    $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    $key = @($env:AWS_PROFILE, [bool]$env:AWS_ACCESS_KEY_ID, $env:AWS_CREDENTIAL_EXPIRATION,
        $env:AWS_CONFIG_FILE, $env:SSOHELPER_HOME, $env:XDG_RUNTIME_DIR, $env:HOME) -join ' '
    if ($key -cne $global:__ssohelper_prompt_key -or (__ssohelper_prompt_outdated)) {
        $global:__ssohelper_prompt_key = $key
        __ssohelper_prompt_learn $now
    }
    try {
        $clock = __ssohelper_prompt_clock $now
    }
    catch {
        return ''
    }
    if (-not $clock -or -not $global:__ssohelper_prompt_learnt[0]) { return '' }
    __ssohelper_prompt_show $now $clock[0] $clock[1] $clock[2]
}

function __ssohelper_prompt_learn {
    param([long] $Now)
    $code = $global:LASTEXITCODE
    $env:_SSOHELPER_USED = $global:__ssohelper_used
    try {
        $lines = @(& (__ssohelper_launcher) prompt --state 2>$null)
    }
    catch {
        $lines = @()
    }
    finally {
        Remove-Item -LiteralPath 'Env:_SSOHELPER_USED' -ErrorAction Ignore
        $global:LASTEXITCODE = $code
    }
    $lines = @($lines) + @('') * 11
    # Whatever program answered: no more than these characters ever stand in a prompt.
    $lines[0] = $lines[0] -creplace '[^A-Za-z0-9 ._:@/+=,-]', '?'
    $global:__ssohelper_prompt_learnt = $lines
    $global:__ssohelper_prompt_tried = $Now
}

# Tells whether the config or the settings were changed after this shell has learnt from them.
function __ssohelper_prompt_outdated {
    $known = $global:__ssohelper_prompt_learnt
    foreach ($at in 7, 9) {
        # A missing file is dated 1601.
        if ($known[$at] -and [IO.File]::GetLastWriteTimeUtc($known[$at]) -gt
            [IO.File]::GetLastWriteTimeUtc($known[$at + 1])) { return $true }
    }
    return $false
}

# Returns the instant, the kind and what it ends in; nothing where nothing is to be shown.
function __ssohelper_prompt_clock {
    param([long] $Now)
    $known = $global:__ssohelper_prompt_learnt
    if ($known[2] -cmatch '^[0-9]{1,11}$') { return [long]$known[2], 'known', 'expired' }
    if (-not $known[3]) { return 0L, 'none', '' }
    $session = __ssohelper_prompt_read $known[3]
    # Another tool signed in or out: only its token file tells. Or the runtime folder went away.
    $is_changed = -not $session
    if ($session -and $known[5]) {
        $is_newer = [IO.File]::GetLastWriteTimeUtc($known[5]) -gt [IO.File]::GetLastWriteTimeUtc($known[6])
        $is_changed = $is_newer -or ($session[1] -cne 'ended' -and -not [IO.File]::Exists($known[5]))
    }
    if ($is_changed -and [Math]::Abs($Now - $global:__ssohelper_prompt_tried) -ge 2) {
        __ssohelper_prompt_learn $Now
        return __ssohelper_prompt_clock $Now
    }
    if (-not $session) { return }
    # A role that was not renewed counts, unless the sign-in ends before it.
    $role = __ssohelper_prompt_read $known[4]
    if ($role -and $role[0] -gt $Now) {
        $open = $session[1] -cin 'open', 'ended'
        if ($open -or $session[0] -le $Now -or $role[0] -lt $session[0]) {
            return $role[0], 'known', 'signed out'
        }
    }
    return $session[0], $session[1], 'signed out'
}

# Returns the two words of a state file; nothing where it is missing or none of ours.
function __ssohelper_prompt_read {
    param([string] $File)
    if (-not $File -or -not [IO.File]::Exists($File)) { return }
    $text = [IO.File]::ReadAllText($File)
    if ($text -cmatch '^([0-9]{1,11}) (known|assumed|open|ended)\n\z') {
        return [long]$Matches[1], $Matches[2]
    }
}

function __ssohelper_prompt_show {
    param([long] $Now, [long] $At, [string] $Kind, [string] $Over)
    $left = $At - $Now
    $time, $level = '', ''
    if ($Kind -ceq 'open') { $time, $level = 'ok', 'fine' }
    elseif ($Kind -ceq 'assumed' -and $left -le 0) { $time, $level = '=?=', 'soon' }
    elseif ($Kind -ceq 'ended' -or ($Kind -cne 'none' -and $left -le 0)) {
        $time, $level = "==$Over==", 'late'
    }
    elseif ($Kind -cne 'none') {
        $span = [TimeSpan]::FromSeconds($left)
        if ($span.Days) { $time = "$($span.Days)d$($span.Hours)h" }
        elseif ($span.Hours) { $time = '{0}h{1:00}m' -f $span.Hours, $span.Minutes }
        elseif ($span.Minutes) { $time = "$($span.Minutes)m" }
        else { $time = "$($span.Seconds)s" }
        if ($Kind -ceq 'assumed') { $time += '?' }
        $level = 'fine'
        if ($left -lt 300) { $time, $level = "==$time==", 'late' }
        elseif ($left -lt 1800) { $time, $level = "=$time=", 'soon' }
    }
    $mark = ''
    if ($global:__ssohelper_prompt_learnt[1] -ceq '1') { $mark = '@@' }
    $behind = ''
    if ($time) { $behind = " $time" }
    $label = $global:__ssohelper_prompt_learnt[0]
    $room = 40 - $mark.Length - $behind.Length
    if ($label.Length -gt $room) {
        $tail = [Math]::Floor(($room - 2) / 2)
        $label = $label.Substring(0, $room - 2 - $tail) + '..' + $label.Substring($label.Length - $tail)
    }
    $label = "$mark$label"
    $global:SSOHELPER_PROMPT_TEXT = "$label$behind"
    $global:SSOHELPER_PROMPT_LEVEL = $level
    if ($env:NO_COLOR -or $env:TERM -ceq 'dumb') { return "$label$behind " }
    $escape = [char]27
    if ($mark) { $label = "$escape[1;7;35m$label$escape[0m" }
    $colour = @{ fine = '32'; soon = '33'; late = '1;31' }[$level]
    if ($colour) { $behind = " $escape[$($colour)m$time$escape[0m" }
    return "$label$behind "
}

# Shows it in front of the prompt there is; a second call changes nothing.
function ssohelper_prompt_on {
    Set-StrictMode -Off
    if ($global:__ssohelper_prompt_inner) { return }
    $global:__ssohelper_prompt_inner = $function:prompt
    function global:prompt {
        # The prompt behind ours is called first: it may want to show what went before.
        $inner = & $global:__ssohelper_prompt_inner
        "$(ssohelper_prompt)$inner"
    }
}
