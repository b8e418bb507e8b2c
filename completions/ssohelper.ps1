# Completion of ssohelper for PowerShell, written from its documentation, not tested.
Register-ArgumentCompleter -Native -CommandName ssohelper -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $earlier = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
        })
    Set-StrictMode -Off
    # PowerShell before 7.3 drops empty arguments; ssohelper reads `""` as an empty word.
    if (-not $wordToComplete) { $wordToComplete = '""' }
    # The launcher, which needs sh, removes PYTHONPATH and similar variables.
    $program = if ($IsLinux -or $IsMacOS) { Get-Command -Name ssohelper-credentials -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 }
    else { Get-Command -Name ssohelper -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 }
    if (-not $program) { return }
    $answer = @(& $program completion --answer pwsh "$wordToComplete" @earlier 2>$null)
    if ($answer.Count -lt 2 -or $answer[0] -ne 'words') { return }
    foreach ($line in $answer[1..($answer.Count - 1)]) {
        $name, $meaning = $line -split "`t", 2
        if (-not $meaning) { $meaning = $name }
        $text = if ($name -match '^[A-Za-z0-9._/:=-]+$') { $name } else { "'" + $name.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $meaning)
    }
}
