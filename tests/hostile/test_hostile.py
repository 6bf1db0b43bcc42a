"""What nobody should send, and what the document allows: no 5xx, nothing that is not declared.

Longer, with a look at memory and files: `make hostile REQUESTS=100000`.
"""

import asyncio
from pathlib import Path
from random import Random

import pytest

from channels.web.demo import demo_key
from tests.gateway.harness import AMIRA, JONAS, House
from tests.hostile.requests import draw
from tests.hostile.schema import command
from tests.hostile.visit import Visit, Wrong, allowed_by, world_of

SEED, COUNT = 20_261_122, 1_500


async def visit(house: House) -> Visit:
    document = (await house.nobody.get("/openapi.json")).body
    keys = [demo_key(who) for who in ("operator", "lounge", "amira")]
    return Visit(house.port, world_of(document, keys, [AMIRA, JONAS]), allowed_by(document))


@pytest.mark.slow
async def test_whatever_comes_is_answered_as_declared(funded: House) -> None:
    visitor = await visit(funded)

    await visitor.send(SEED, COUNT)

    assert visitor.statuses.total() > COUNT // 2
    assert {200, 201, 400, 401, 403, 404} <= set(visitor.statuses)
    assert (await funded.amira.get("/v1/me")).status == 200


@pytest.mark.slow
async def test_the_document_keeps_its_promises(funded: House, tmp_path: Path) -> None:
    line = command(
        funded.port, demo_key("operator"), seed=SEED, examples=2, phases="fuzzing"
    )
    run = await asyncio.create_subprocess_exec(
        *line,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await run.communicate()

    assert run.returncode == 0, said.decode()


async def test_an_answer_that_must_not_be_is_noticed(funded: House) -> None:
    visitor = await visit(funded)
    visitor._allowed = {name: {"200"} for name in visitor._allowed}

    with pytest.RaisesGroup(Wrong, flatten_subgroups=True, allow_unwrapped=True):
        await visitor.send(SEED, 40, at_once=1)


async def test_a_seed_and_a_number_draw_the_same_again(house: House) -> None:
    world = (await visit(house))._world

    assert draw(Random("7/3"), world) == draw(Random("7/3"), world)
