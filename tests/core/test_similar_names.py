"""A mistyped name leads to the known names that are most similar."""

from ssohelper.core.similar_names import did_you_mean, similar_names

KNOWN = ["payments-prod", "payments-dev", "orders-prod", "orders-dev", "network"]


def test_the_most_similar_names_are_offered_at_most_three():
    assert similar_names("paymants-prod", KNOWN)[0] == "payments-prod"
    assert did_you_mean("networc", KNOWN) == 'did you mean "network"? '
    assert len(similar_names("orders", [f"orders-{number}" for number in range(9)])) == 3
    assert did_you_mean("qqqq", KNOWN) == ""
    assert did_you_mean("net", KNOWN, cutoff=0.9) == ""
