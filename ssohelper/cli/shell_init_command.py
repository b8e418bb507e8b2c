"""shell-init as click explains it: help, and arguments that the fast door did not know."""

import click

from ssohelper.cli import output
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.system import shell_texts as door


@click.command("shell-init")
@click.argument("shell", metavar="|".join(door.SHELLS))
@click.option("--cmd", "name", metavar="NAME", default="ssohelper", help="Another name.")
@output.common_options
def shell_init(shell: str, name: str) -> None:
    """Print the shell function that `use` and `clear` need, the prompt and the completion.

    \b
    Examples:
      eval "$(ssohelper-credentials shell-init bash)"            in ~/.bashrc
      eval "$(ssohelper-credentials shell-init zsh)"             in ~/.zshrc
      ssohelper-credentials shell-init fish | source             in ~/.config/fish/config.fish
      eval "$(ssohelper-credentials shell-init bash --cmd sso)"  and the function is called sso
    """
    if shell not in door.SHELLS:
        raise UsageProblem(f'no shell named "{shell}"', hint=f"known are: {', '.join(door.SHELLS)}")
    if not door.is_name(name):
        raise UsageProblem(
            f'"{name}" cannot be the name of a shell function',
            hint="letters, digits, _ and -, the first of them a letter or _",
        )
    text = door.text_of(shell, name)
    if text is None:
        raise LocalState(
            f"the text for {shell} is missing from this installation",
            hint="install ssohelper again",
        )
    output.write(text)
