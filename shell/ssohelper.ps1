# The ssohelper function for PowerShell: `use` and `clear` change this shell, other commands just run.
# Written from PowerShell's documentation, not tested.
# In $PROFILE:  Invoke-Expression (& ssohelper shell-init pwsh | Out-String)

function __ssohelper_program {
    (Get-Command -Name ssohelper -CommandType Application -TotalCount 1 -ErrorAction Stop).Source
}

# Returns the program for calls that the shell makes by itself. The launcher, which needs sh,
# removes PYTHONPATH and similar variables.
function __ssohelper_launcher {
    Set-StrictMode -Off
    if (-not ($IsLinux -or $IsMacOS)) { return __ssohelper_program }
    (Get-Command -Name ssohelper-credentials -CommandType Application -TotalCount 1 -ErrorAction Stop).Source
}

function __ssohelper {
    param([string[]] $Words)
    Set-StrictMode -Off # in this function only: a variable of ssohelper may not be set yet
    $command = ''
    $skip = $false
    foreach ($word in $Words) {
        if ($skip) { $skip = $false }
        elseif ($word -cin '-h', '--help', '--version') { $command = ''; break }
        elseif ($command -ceq '') {
            if ($word -cin 'use', 'clear') { $command = $word }
            elseif ($word -ceq '--session') { $skip = $true }
            elseif (-not $word.StartsWith('-')) { break }
        }
    }
    $program = __ssohelper_program
    if ($command -ceq '') {
        if ($MyInvocation.ExpectingInput) { $input | & $program @Words }
        else { & $program @Words }
        return
    }
    if ($command -ceq 'clear' -and $Words.Count -eq 1) {
        __ssohelper_clear
        return
    }
    $env:_SSOHELPER_SHELL = 'pwsh'
    $env:_SSOHELPER_USED = $global:__ssohelper_used
    $env:_SSOHELPER_PREVIOUS = $global:__ssohelper_previous
    try {
        $text = (& $program @Words) -join "`n"
    }
    finally {
        foreach ($name in '_SSOHELPER_SHELL', '_SSOHELPER_USED', '_SSOHELPER_PREVIOUS') {
            Remove-Item -LiteralPath "Env:$name" -ErrorAction Ignore
        }
    }
    if ($LASTEXITCODE -ne 0) { return }
    if (-not $text.Contains('__ssohelper_')) {
        [Console]::Error.WriteLine('ssohelper: error: ssohelper use has printed something unexpected')
        $global:LASTEXITCODE = 1
        return
    }
    Invoke-Expression $text
}

function __ssohelper_clear {
    Set-StrictMode -Off
    if ($global:__ssohelper_before) {
        $before = $global:__ssohelper_before
        $global:__ssohelper_previous = $global:__ssohelper_used
        $global:__ssohelper_used = ''
        $global:__ssohelper_before = ''
        Invoke-Expression $before
        [Console]::Error.WriteLine('the environment is as it was before the first use')
    }
    elseif ($env:AWS_PROFILE -or $env:AWS_SESSION_EXPIRATION) {
        $names = @('AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION')
        if ($env:AWS_SESSION_EXPIRATION) {
            $names += 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN',
                'AWS_CREDENTIAL_EXPIRATION', 'AWS_SESSION_EXPIRATION', 'AWS_ACCOUNT_ID'
        }
        foreach ($name in $names) {
            Remove-Item -LiteralPath "Env:$name" -ErrorAction Ignore
        }
        $global:__ssohelper_used = ''
        [Console]::Error.WriteLine('cleared what this shell had inherited')
    }
    else {
        [Console]::Error.WriteLine('there is nothing to clear')
    }
    $global:LASTEXITCODE = 0
}

function ssohelper {
    if ($MyInvocation.ExpectingInput) { $input | __ssohelper -Words $args }
    else { __ssohelper -Words $args }
}
