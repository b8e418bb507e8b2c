"""Documents in clear."""

import pytest

from ssohelper.stores.codecs import SEALED_MARK, PlainCodec, Unreadable


def test_a_document_in_clear_is_left_as_it_is_and_an_encrypted_one_is_refused() -> None:
    codec, document = PlainCodec(), {"accessToken": "a"}
    assert codec.decode(codec.encode(document, "token corp"), "token lab") == document
    with pytest.raises(Unreadable, match="encrypted"):
        codec.decode({SEALED_MARK: 1, "box": ""}, "token corp")
