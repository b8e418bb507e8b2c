# The prompt in PowerShell: shows the profile in use and the time left. Starts a program only when
# the profile or ~/.aws/config has changed. Written from PowerShell's documentation, not tested.
# Call ssohelper_prompt_on at the end of $PROFILE, or (ssohelper_prompt) in your own `prompt`.
$global:__ssohelper_prompt_key = ''

# Returns the coloured text and a space, and sets $SSOHELPER_PROMPT_TEXT (plain) and
# $SSOHELPER_PROMPT_LEVEL (fine, soon, late). Returns '' when no profile is in use.
function ssohelper_prompt {
    Set-StrictMode -Off # in this function only: $LASTEXITCODE and others may not be set
    $global:SSOHELPER_PROMPT_TEXT = ''
    $global:SSOHELPER_PROMPT_LEVEL = ''
    if (-not ($env:AWS_PROFILE -or $env:AWS_CREDENTIAL_EXPIRATION -or $env:SSOHELPER_SERVED_ROLE)) { return '' }
    $key = @($env:AWS_PROFILE, [bool]$env:AWS_ACCESS_KEY_ID, $env:AWS_CREDENTIAL_EXPIRATION, $env:SSOHELPER_SERVED_ROLE,
        $env:AWS_CONFIG_FILE, $env:SSOHELPER_HOME, $env:XDG_RUNTIME_DIR, $env:HOME) -join ' '
    $answer = $global:__ssohelper_prompt_answer
    $is_old = $answer.File -and (-not [IO.File]::Exists($answer.File) -or ($answer.Config -and
            [IO.File]::GetLastWriteTimeUtc($answer.Config) -gt [IO.File]::GetLastWriteTimeUtc($answer.File)))
    if ($is_old -or $key -cne $global:__ssohelper_prompt_key) {
        $global:__ssohelper_prompt_key = $key
        $answer = $global:__ssohelper_prompt_answer = __ssohelper_prompt_ask
    }
    $rows = $answer.Rows
    try {
        if ($answer.File) { $rows = [IO.File]::ReadAllLines($answer.File)[0] }
    }
    catch { return '' }
    __ssohelper_prompt_draw $answer.Label $answer.Short $rows
}

# Asks ssohelper what to show: LABEL|SHORTER LABEL|FILE|CONFIG|ROWS. If there is a FILE, the rows
# are later read from that file. CONFIG is the path of the AWS config.
function __ssohelper_prompt_ask {
    $code = $global:LASTEXITCODE
    $env:_SSOHELPER_USED = $global:__ssohelper_used
    try { $line = @(& (__ssohelper_launcher) prompt --state 2>$null)[0] }
    catch { $line = '' }
    finally {
        Remove-Item -LiteralPath 'Env:_SSOHELPER_USED' -ErrorAction Ignore
        $global:LASTEXITCODE = $code
    }
    $label, $short, $file, $config, $rows = "$line".Split([char[]]'|', 5)
    return @{ Label = "$label"; Short = "$short"; File = "$file"; Config = "$config"; Rows = "$rows" }
}

# Draws the first row whose LAST SECOND has not passed. A row is LAST SECOND|MORE|LEVEL|TEXT,
# and "left" in TEXT is replaced by the time left until LAST SECOND + MORE.
function __ssohelper_prompt_draw {
    param([string] $Label, [string] $Short, [string] $Rows)
    $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    do {
        $last, $more, $level, $text, $Rows = $Rows.Split([char[]]'|', 5)
        if (-not $Label -or "$last,$more" -cnotmatch '^[0-9]{1,11},[0-9]{1,11}\z') { return '' }
    } while ($now -gt [long]$last)
    $left = [TimeSpan]::FromSeconds([long]$last + [long]$more - $now)
    if ($left.Days) { $time = "$($left.Days)d$($left.Hours)h" }
    elseif ($left.Hours) { $time = '{0}h{1:00}m' -f $left.Hours, $left.Minutes }
    elseif ($left.Minutes) { $time = "$($left.Minutes)m" }
    else { $time = "$($left.Seconds)s" }
    $text = "$text".Replace('left', $time)
    if ($Label.Length + $text.Length -gt 39) { $Label = $Short }
    # Replaces characters that are not safe in a prompt, since another program may have answered.
    $Label, $text = $Label, $text -creplace '[^A-Za-z0-9 ._:@/+=,-]', '?'
    $global:SSOHELPER_PROMPT_TEXT = @($Label, $text).Where({ $_ }) -join ' '
    $global:SSOHELPER_PROMPT_LEVEL = "$level"
    if ($env:NO_COLOR -or $env:TERM -ceq 'dumb') { return "$global:SSOHELPER_PROMPT_TEXT " }
    $escape = [char]27
    if ($Label.StartsWith('@@')) { $Label = "$escape[1;7;35m$Label$escape[0m" }
    $colour = @{ fine = '32'; soon = '33'; late = '1;31' }[$level]
    if ($text) { $text = "$escape[$($colour)m$text$escape[0m " }
    return "$Label $text"
}

# Shows ssohelper's text in front of the user's own prompt. A second call has no effect.
function ssohelper_prompt_on {
    Set-StrictMode -Off
    if ($global:__ssohelper_prompt_inner) { return }
    $global:__ssohelper_prompt_inner = $function:prompt
    # The user's own prompt is called first, since it may show the status of the last command.
    function global:prompt { $inner = & $global:__ssohelper_prompt_inner; "$(ssohelper_prompt)$inner" }
}
