"""Documents encrypted with one key: what opens them again, and what does not."""

import base64
import json

import pytest

from ssohelper.core.model import Secret
from ssohelper.errors import KeyringUnavailable
from ssohelper.stores import sealed_codec as sealing
from ssohelper.stores.codecs import Unreadable
from tests.stores.test_sealed_codec import new_key

DOCUMENT = {"accessToken": "CNRY-AT-1", "more": ["ä", 1]}


KEY = new_key()
FIRST, SECOND = sealing.bytes_of_key(KEY), sealing.bytes_of_key(new_key())


class TestSealing:
    def test_what_was_sealed_in_another_way_each_time_is_opened(self):
        boxes = {sealing.encrypt_document(DOCUMENT, FIRST, "token corp")["box"] for _ in range(50)}
        assert len(boxes) == 50
        sealed = sealing.encrypt_document(DOCUMENT, FIRST, "token corp")
        assert sealing.decrypt_document(sealed, FIRST, "token corp") == DOCUMENT
        assert "CNRY-" not in json.dumps(sealed)

    @pytest.mark.parametrize("context", ["token other", "registration corp", ""])
    def test_one_that_was_moved_to_another_place_does_not_open(self, context):
        sealed = sealing.encrypt_document(DOCUMENT, FIRST, "token corp")
        with pytest.raises(Unreadable):
            sealing.decrypt_document(sealed, FIRST, context)

    def test_each_changed_byte_is_noticed(self):
        sealed = sealing.encrypt_document(DOCUMENT, FIRST, "token corp")
        box = bytearray(base64.b64decode(sealed["box"]))
        for place in range(len(box)):
            changed = bytearray(box)
            changed[place] ^= 1
            text = base64.b64encode(bytes(changed)).decode()
            with pytest.raises(Unreadable):
                sealing.decrypt_document({**sealed, "box": text}, FIRST, "token corp")

    @pytest.mark.parametrize("box", [None, 1, "", "AAAA", "no base64!", [], "ä"])
    def test_a_damaged_box_is_unreadable(self, box):
        sealed = sealing.encrypt_document(DOCUMENT, FIRST, "token corp")
        with pytest.raises(Unreadable):
            sealing.decrypt_document({**sealed, "box": box}, FIRST, "token corp")

    def test_the_id_names_the_key_without_showing_it_and_another_text_is_no_key(self):
        assert sealing.public_id_of_key(FIRST) != sealing.public_id_of_key(SECOND)
        assert sealing.public_id_of_key(FIRST) not in FIRST.hex()
        key, strays = KEY.reveal(), ["\n", " ", "!", "\x00"]
        texts = ["", "x", "AAAA", "not base64", "ä" * 44, *(f"{more}{key}" for more in strays)]
        for text in (*texts, *(f"{key[:9]}{more}{key[9:]}" for more in strays)):
            with pytest.raises(KeyringUnavailable, match="holds no key"):
                sealing.bytes_of_key(Secret(text))
