"""The commands shell-init and completion, for arguments that their fast paths cannot handle."""

import click

from ssohelper.cli import output, standard_streams
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.system import shell_texts


@click.command("shell-init")
@click.argument("shell", metavar="|".join(shell_texts.SHELLS))
@click.option(
    "--cmd", "name", metavar="NAME", default="ssohelper", help="The shell function's name."
)
@output.common_options
def print_shell_init(shell: str, name: str) -> None:
    """Print the shell function for `use` and `clear`, the prompt and the completion.

    \b
    Examples:
      eval "$(ssohelper-credentials shell-init bash)"            in ~/.bashrc
      eval "$(ssohelper-credentials shell-init zsh)"             in ~/.zshrc
      ssohelper-credentials shell-init fish | source             in ~/.config/fish/config.fish
      eval "$(ssohelper-credentials shell-init bash --cmd sso)"  the function is named sso
    """
    _check_shell_name(shell)
    if not shell_texts.is_function_name(name):
        raise UsageProblem(
            f'"{name}" cannot be the name of a shell function',
            hint="use letters, digits, _ and -, beginning with a letter or _",
        )
    _print_script(shell_texts.shell_init_text(shell, name), f"text for {shell}")


@click.command("completion")
@click.argument("shell", metavar="|".join(shell_texts.SHELLS))
@output.common_options
def print_completion_script(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      ssohelper completion bash > ~/.local/share/bash-completion/completions/ssohelper
      ssohelper completion zsh > ~/.zfunc/_ssohelper           into a folder of your fpath
      ssohelper completion fish > ~/.config/fish/completions/ssohelper.fish

    `ssohelper shell-init` prints this script too. The script for pwsh is not tested.
    """
    _check_shell_name(shell)
    _print_script(shell_texts.completion_script_of(shell), f"completion for {shell}")


def _check_shell_name(shell: str) -> None:
    if shell not in shell_texts.SHELLS:
        known = ", ".join(shell_texts.SHELLS)
        raise UsageProblem(f'no shell named "{shell}"', hint=f"known shells are: {known}")


def _print_script(text: bytes | None, name: str) -> None:
    if text is None:
        raise LocalState(
            f"the {name} is missing from this installation", hint="install ssohelper again"
        )
    standard_streams.write_stdout(text)
