"""What the full-screen program does not import, and does not do, before its first paint."""

import subprocess
import sys

from tests.conftest import Home
from tests.saved_listing import add_listed_session
from tests.tui.world import DemoHome

_LATE = {
    *("botocore", "boto3", "keyring", "click", "urllib3", "segno", "tomlkit", "tomllib"),
    # These took 6 ms of a start.
    *("hashlib", "ssohelper.core.config_edit", "ssohelper.fastpath.spawn"),
    *("ssohelper.stores.config_versions", "ssohelper.core.schema.state_records"),
    *(
        "textual.drivers.linux_inline_driver",
        "ssohelper.core.profile_names",
        "ssohelper.core.choices",
    ),
    *("ssohelper.core.guard_rules", "shlex"),
}


def _output_of(code: str, environ: dict[str, str]) -> list[str]:
    argv = [sys.executable, "-c", code]
    return subprocess.run(
        argv, env=environ, capture_output=True, text=True, check=True
    ).stdout.split()


def test_nothing_heavy_is_imported_before_the_first_paint(world: DemoHome) -> None:
    names = _output_of(
        "import sys\n"
        "import ssohelper.__main__, ssohelper.tui.full_screen, ssohelper.tui.screens.accounts\n"
        "from ssohelper.actions.roles import read_roles\n"
        "known = read_roles(ssohelper.app.App())\n"
        "assert any(row.usage.favourite for row in known.rows)\n"
        "print(*sorted(set(sys.modules)))\n",
        world.environ,
    )
    assert _LATE & set(names) == set()
    assert not [name for name in names if name.startswith("ssohelper.wire")]


def test_no_field_type_of_a_named_tuple_is_compiled_before_the_first_paint(home):
    add_listed_session(home)
    names = _output_of(
        "import sys, typing\n"
        "import ssohelper.__main__, ssohelper.tui.full_screen, ssohelper.tui.screens.accounts\n"
        "from ssohelper.actions.roles import read_roles\n"
        "assert read_roles(ssohelper.app.App()).rows\n"
        "for module in list(sys.modules.values()):\n"
        "    for kind in list(vars(module).values()):\n"
        "        if isinstance(kind, type) and kind.__module__.startswith('ssohelper'):\n"
        "            types = kind.__annotations__ if hasattr(kind, '_fields') else {}\n"
        "            if any(isinstance(one, typing.ForwardRef) for one in types.values()):\n"
        "                print(kind.__module__, kind.__name__)\n",
        home.env,
    )
    assert names == []


def test_garbage_collection_is_off_while_textual_is_imported(home: Home) -> None:
    found = _output_of(
        "import gc, sys\n"
        "import ssohelper.__main__ as program\n"
        "def hook(event, details):\n"
        "    if event == 'import' and details[0] == 'textual':\n"
        "        print(gc.isenabled())\n"
        "        sys.exit(0)\n"
        "sys.addaudithook(hook)\n"
        "sys.argv = ['ssohelper']\n"
        "program._can_terminal_draw_screens = lambda: True\n"
        "program.main()\n",
        home.env,
    )
    assert found == ["False"]


def test_openssl_is_not_loaded_before_the_first_paint_and_can_be_loaded_after_it(home):
    found = _output_of(
        "import sys\n"
        "import ssohelper.__main__ as program\n"
        "program._import_asyncio_alone()\n"
        "import ssohelper.tui.full_screen, ssohelper.tui.screens.accounts\n"
        "print('ssl' in sys.modules)\n"
        "import ssl\n"
        "print(ssl.create_default_context().check_hostname)\n",
        home.env,
    )
    assert found == ["False", "True"]


def test_the_profiles_screen_loads_no_http_client_and_no_maker_of_qr_codes(home: Home) -> None:
    """An HTTP client and QR codes take 10 MB. Only a sign-in's dialog draws a QR code."""
    names = _output_of(
        "import sys\n"
        "import ssohelper.__main__ as program\n"
        "program._import_asyncio_alone()\n"
        "import ssohelper.tui.full_screen, ssohelper.tui.screens.profiles\n"
        "print(*sorted(sys.modules))\n",
        home.env,
    )
    assert "ssohelper.tui.screens.sign_in" in names
    assert {"ssl", "segno", "http.client", "ssohelper.actions.doctor"} & set(names) == set()
