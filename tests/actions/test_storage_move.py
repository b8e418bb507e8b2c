"""Which profiles a move to another storage leaves without a sign-in."""

from pathlib import Path

from ssohelper.actions import storage_move
from tests.actions.world import WorldApp


def test_after_a_move_only_the_profiles_that_read_the_token_file_are_named(tmp_path: Path) -> None:
    """The other forms work with each storage: they run ssohelper, or use no sign-in."""
    app = WorldApp(tmp_path)
    role = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Read\n"
    program = "/bin/ssohelper-credentials --session corp --account-id 000000000001"
    path = app.locations.aws_config_file
    path.write_text(
        f"{path.read_text()}[profile own]\n{role}"
        f"[profile ours]\n{role}ssohelper_managed = true\n"
        f"[profile runs-us]\ncredential_process = {program} --role-name Read\n"
        "ssohelper_managed = true\n[profile no-role]\nregion = eu-west-1\n"
    )
    moved = storage_move.move_sign_ins(app, "file")
    assert (moved.managed_native, moved.unmanaged_native) == (("ours",), ("own",))
