"""completion as click explains it: help, and arguments that the fast door did not know."""

import click

from ssohelper.cli import output
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.system import shell_texts


@click.command("completion")
@click.argument("shell", metavar="|".join(shell_texts.SHELLS))
@output.common_options
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      ssohelper completion bash > ~/.local/share/bash-completion/completions/ssohelper
      ssohelper completion zsh > ~/.zfunc/_ssohelper           a folder of your fpath
      ssohelper completion fish > ~/.config/fish/completions/ssohelper.fish

    `ssohelper shell-init` prints it too, behind the function: with that in your shell's file
    nothing else is needed. The one for pwsh is not tried.
    """
    if shell not in shell_texts.SHELLS:
        raise UsageProblem(
            f'no shell named "{shell}"', hint=f"known are: {', '.join(shell_texts.SHELLS)}"
        )
    script = shell_texts.completion_of(shell)
    if script is None:
        raise LocalState(
            f"the completion for {shell} is missing from this installation",
            hint="install ssohelper again",
        )
    output.write(script)
