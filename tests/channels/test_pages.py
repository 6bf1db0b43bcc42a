import pytest

from channels.web.pages import PAGES, load_pages
from tests.gateway.harness import House


@pytest.mark.parametrize("path", sorted(PAGES))
async def test_a_page_is_served_and_runs_our_own_files_only(
    house: House, path: str
) -> None:
    page = await house.nobody.get(path)

    assert (page.status, page.kind) == (200, "text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_the_pages_need_is_served_as_what_it_is(house: House) -> None:
    assets = [page for page in load_pages() if page.path.startswith("/static/")]

    for asset in assets:
        served = await house.nobody.get(asset.path)

        assert (served.status, served.kind) == (200, asset.content_type)
        assert served.raw == asset.body
    assert {asset.content_type for asset in assets} >= {"text/css", "text/javascript"}


@pytest.mark.parametrize(
    "path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static/"]
)
async def test_nothing_else_is_served(house: House, path: str) -> None:
    reply = await house.nobody.get(path)

    assert (reply.status, reply.kind) == (404, "application/problem+json")
