"""docs/access.md is the table that tests walk."""

from tests.gateway.access_table import PAGE, table


def test_the_table_in_the_docs_is_the_one_that_is_tested() -> None:
    wanted = "Run `python -m tests.gateway.access_table`: docs/access.md has another table."

    assert table() in PAGE.read_text(), wanted
