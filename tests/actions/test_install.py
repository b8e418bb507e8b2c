"""Which rc file install edits, and which line it writes. tests/cli/test_install_command.py runs it."""

import pytest

from ssohelper.actions import install
from ssohelper.app import App
from ssohelper.core.rc_text import FileEdit
from ssohelper.errors import LocalState, UsageProblem


@pytest.fixture
def app(tmp_path) -> App:
    return App({"HOME": str(tmp_path), "PATH": "/nonexistent"})


@pytest.mark.parametrize(
    ("shell", "before", "adds"),
    [
        ("zsh", "autoload -Uz compinit && compinit\n", False),
        ("zsh", "source $ZSH/oh-my-zsh.sh\n", False),
        ("zsh", "zinit light x\n", False),
        ("zsh", "# nothing\n", True),
        ("zsh", None, True),
        ("bash", None, False),
        ("fish", None, False),
    ],
)
def test_zsh_gets_a_line_that_runs_compinit_unless_the_user_has_one(home, shell, before, adds):
    app = App(home.env)
    if before is not None:
        install.find_rc_file(app, shell).write_text(before)
    edit = install.plan_rc_file_install(app, shell)
    assert (b"compinit -i" in (edit.after or b"")) == adds
    install.write_file_edit(app, edit)
    assert not install.plan_rc_file_install(app, shell).has_changes
    install.write_file_edit(app, install.plan_rc_file_uninstall(app, shell))
    path = install.find_rc_file(app, shell)
    assert (path.read_text() if path.exists() else None) == before


@pytest.mark.parametrize(
    ("files", "incomplete"),
    [
        ({}, ".bash_profile"),
        ({".bash_profile": ". ~/.bashrc"}, None),
        ({".bash_profile": "x"}, ".bash_profile"),
        ({".bash_login": "x"}, ".bash_login"),
        ({".profile": "x"}, ".profile"),
        ({".profile": ". ~/.bashrc"}, None),
        ({".bash_profile": ". ~/.profile", ".profile": ". ~/.bashrc"}, None),
        ({".bash_profile": ". ~/.profile", ".profile": "x"}, ".bash_profile"),
        ({".bash_profile": "x", ".profile": ". ~/.bashrc"}, ".bash_profile"),
    ],
)
def test_the_login_file_that_does_not_read_bashrc_is_found(app, tmp_path, files, incomplete):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    edit = FileEdit(tmp_path / ".bashrc", None, b"", "bash")
    said = install.login_shell_advice(app, edit)
    assert (f"add to {tmp_path / incomplete}: " in said) if incomplete else not said
    edit = FileEdit(tmp_path / ".zshrc", None, b"", "zsh")
    assert install.login_shell_advice(app, edit) == ""


@pytest.mark.parametrize(
    ("shell", "environ", "path"),
    [
        ("bash", {}, ".bashrc"),
        ("zsh", {}, ".zshrc"),
        ("zsh", {"ZDOTDIR": "/z"}, "/z/.zshrc"),
        ("fish", {}, ".config/fish/conf.d/ssohelper.fish"),
        ("fish", {"XDG_CONFIG_HOME": "/c"}, "/c/fish/conf.d/ssohelper.fish"),
        ("fish", {"XDG_CONFIG_HOME": "relative"}, ".config/fish/conf.d/ssohelper.fish"),
        ("pwsh", {}, ".config/powershell/profile.ps1"),
    ],
)
def test_each_shell_has_its_file(tmp_path, shell, environ, path):
    app = App({"HOME": str(tmp_path), "PATH": "/nonexistent", **environ})
    assert install.find_rc_file(app, shell, "linux") == tmp_path / path


def test_bash_on_macos_reads_its_login_file_unless_that_reads_bashrc(app, tmp_path):
    for text, name in ((None, ".bash_profile"), (". ~/.bashrc", ".bashrc"), ("x", ".bash_profile")):
        if text is not None:
            (tmp_path / ".bash_profile").write_text(f"{text}\n")
        assert install.find_rc_file(app, "bash", "darwin") == tmp_path / name
    with pytest.raises(LocalState, match="there is no home folder"):
        install.find_rc_file(App({"HOME": "relative"}), "bash", "linux")


@pytest.mark.parametrize(
    ("shell", "start"),
    [("bash", "if [[ $- == *i* ]] && [[ -x "), ("zsh", "if [[ -x "), ("pwsh", "if (Get-Command ")],
)
def test_only_bash_runs_its_rc_file_for_scripts_too(app, shell, start):
    line = install.build_rc_lines(shell, app.environ)[-1]
    assert line.startswith(start)
    assert f"shell-init {shell}" in line
    install.write_file_edit(app, install.plan_rc_file_install(app, shell))
    assert [one.shell for one in install.plan_uninstall_all(app)] == [shell]


@pytest.mark.parametrize(
    ("shell", "path", "home", "word"),
    [
        ("bash", "/h/bin/s", "/h", "~/bin/s"),
        ("bash", "/h/bin/s", "/h/", "~/bin/s"),
        ("bash", "/h/a b/s", "/h", "'/h/a b/s'"),
        ("bash", "/other/s", "/h", "'/other/s'"),
        ("bash", "/home/s", "/h", "'/home/s'"),
        ("bash", "/bin/s", "/", "'/bin/s'"),
        ("bash", "/bin/s", "", "'/bin/s'"),
        ("pwsh", "/h/bin/s", "/h", "'/h/bin/s'"),
    ],
)
def test_the_path_begins_with_a_tilde_where_users_share_their_rc_file(shell, path, home, word):
    assert install._quote_path_for_shell(shell, path, home) == word


@pytest.mark.parametrize(("variable", "shell"), [("/bin/zsh", "zsh"), ("/usr/bin/fish", "fish")])
def test_the_shell_is_the_named_one_or_that_of_the_variable(variable, shell):
    app = App({"HOME": "/nonexistent", "SHELL": variable})
    assert install.choose_shell(app, None) == shell
    assert install.choose_shell(app, "bash") == "bash"
    for wrong in (
        lambda: install.choose_shell(app, "tcsh"),
        lambda: install.choose_shell(App({"HOME": "/x", "SHELL": "/bin/tcsh"}), None),
    ):
        with pytest.raises(UsageProblem):
            wrong()
