# Completion of ssohelper for PowerShell, written from its documentation and not tried.
Register-ArgumentCompleter -Native -CommandName ssohelper -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $earlier = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
        })
    Set-StrictMode -Off
    # Before 7.3 an empty word is not passed on at all, and this one is empty to who gets it.
    if (-not $wordToComplete) { $wordToComplete = '""' }
    # The launcher keeps PYTHONPATH and its kin from Python. It takes sh.
    $program = if ($IsLinux -or $IsMacOS) { Get-Command -Name ssohelper-credentials -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 }
    else { Get-Command -Name ssohelper -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 }
    if (-not $program) { return }
    $said = @(& $program completion --answer pwsh "$wordToComplete" @earlier 2>$null)
    if ($said.Count -lt 2 -or $said[0] -ne 'words') { return }
    foreach ($line in $said[1..($said.Count - 1)]) {
        $name, $meaning = $line -split "`t", 2
        if (-not $meaning) { $meaning = $name }
        $text = if ($name -match '^[A-Za-z0-9._/:=-]+$') { $name } else { "'" + $name.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $meaning)
    }
}
