"""A run of the tests gives the same answer as the run before it."""

from hypothesis import given
from hypothesis import strategies as st


def test_property_based_tests_have_the_same_examples_in_each_run():
    def examples() -> list[int]:
        seen = []

        @given(st.integers())
        def note(number: int) -> None:
            seen.append(number)

        note()
        return seen

    assert examples() == examples()
