"""The start of the full screen by its entry point: what is said where it cannot start."""

from ssohelper.tui import full_screen


def test_settings_that_cannot_be_read_are_exit_3_with_what_to_do(home, monkeypatch, capfd):
    own = home.path / "own"
    own.mkdir(mode=0o700)
    monkeypatch.setenv("SSOHELPER_HOME", str(own))
    settings = full_screen.App().locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("nonsense = 'x'\n")
    assert full_screen.main() == 3
    said = capfd.readouterr()
    assert said.out == ""
    error, *hint = said.err.splitlines()
    assert error.startswith("ssohelper: error: ")
    assert all(line.startswith("ssohelper: hint: ") for line in hint)
    settings.write_text("= broken\n")
    assert full_screen.main() == 3


def test_ctrl_c_before_the_first_paint_is_exit_130(home, monkeypatch, capfd):
    def interrupt(_program: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(full_screen.FullScreenApp, "run", interrupt)
    assert full_screen.main() == 130
    assert capfd.readouterr().err == "ssohelper: interrupted\n"
