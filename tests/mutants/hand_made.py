"""Bugs, put in by hand, one line each, and who catches them.

The list is what one must not get wrong: a comparison, a sync, an answer before its append, a
hold, a key, a fence. The judge named is the cheapest that sees it. A line that is not there exactly
once fails its test, so that this list cannot rot.
"""

from typing import NamedTuple

from tests.house.tree import ROOT
from tests.mutants.forks import Change


class Mutation(NamedTuple):
    """judge: as tests/mutants/judges.py names it."""

    does: str
    path: str
    line: str
    becomes: str
    judge: str = "stories"

    @property
    def change(self) -> Change:
        text = (ROOT / self.path).read_text(encoding="utf-8")
        return Change(self.does, self.path, text.replace(self.line, self.becomes))


MUTATIONS = [
    # What a business may owe, and when it pays back.
    Mutation(
        "lends one coin more than was granted",
        "ledger/credit.py",
        "return max(credit.limit_minor - credit.drawn_minor, 0)",
        "return max(credit.limit_minor - credit.drawn_minor + 1, 0)",
    ),
    Mutation(
        "lends the whole limit to each payment",
        "ledger/credit.py",
        "return max(credit.limit_minor - credit.drawn_minor, 0)",
        "return credit.limit_minor",
    ),
    Mutation(
        "lends after the last moment",
        "ledger/credit.py",
        "if credit.until_ms and at_ms >= credit.until_ms:",
        "if credit.until_ms and at_ms > credit.until_ms:",
    ),
    Mutation(
        "lends the whole amount, not what is missing",
        "ledger/credit.py",
        "return CreditDrawn(pot, missing_minor)",
        "return CreditDrawn(pot, command.amount.amount_minor)",
    ),
    Mutation(
        "lets what expires be spent before it repays",
        "actors/partition.py",
        "        self._repay(account, at_ms)\n\n    def _settle",
        "\n    def _settle",
    ),
    Mutation(
        "closes an account that owes",
        "ledger/account.py",
        "owing = any(credit.drawn_minor for credit in self.credits.values())",
        "owing = False",
    ),
    # What an account may spend, and what comes back to it.
    Mutation(
        "refuses the last coin",
        "ledger/account.py",
        "self.pots[pot].available_minor >= minor",
        "self.pots[pot].available_minor > minor",
    ),
    Mutation(
        "spends what is held",
        "ledger/account.py",
        "self.pots[pot].available_minor >= minor",
        "self.pots[pot].available_minor + self.pots[pot].held_minor >= minor",
    ),
    Mutation(
        "gives back more than was captured",
        "ledger/decide_payment.py",
        "    left = payment.refundable\n",
        "    left = payment.authorised\n",
    ),
    Mutation(
        "takes a tap in the millisecond of its end",
        "ledger/guards.py",
        "at_ms - CODE_LIFE_MS < tap.issued_at_ms",
        "at_ms - CODE_LIFE_MS <= tap.issued_at_ms",
    ),
    Mutation(
        "lets a copied card pay once more",
        "ledger/guards.py",
        "0 < card.use.counter <= account.cards.get(card.use.card, 0)",
        "0 < card.use.counter < account.cards.get(card.use.card, 0)",
    ),
    Mutation(
        "moves a card's counter for a tap that proved nothing",
        "ledger/apply.py",
        "        DeclineReason.CARD_NOT_AUTHENTIC,\n",
        "",
    ),
    Mutation(
        "lets the hold of a small tap grow",
        "ledger/decide_payment.py",
        "    if payment.by_card:\n",
        "    if False:\n",
    ),
    Mutation(
        "forgets the counters of cards in an image",
        "ledger/images.py",
        "        cards=head.cards,\n",
        "",
    ),
    Mutation(
        "keeps the rest of a hold for ever",
        "ledger/decide_payment.py",
        "released = rest if move is Move.CAPTURE_LAST else {}",
        "released = {}",
    ),
    Mutation(
        "writes that the rest is released, and leaves it held",
        "ledger/postings.py",
        "return lines + move(event.released, debit=held, credit=available)",
        "return lines",
    ),
    Mutation(
        "lets a pot grow by one too many",
        "ledger/guards.py",
        "        > AMOUNT_MINOR_MAX\n",
        "        > AMOUNT_MINOR_MAX + 1\n",
    ),
    Mutation(
        "pays money back into a closed account",
        "ledger/guards.py",
        "return Book.UNCLAIMED if closed else Book.AVAILABLE",
        "return Book.AVAILABLE",
    ),
    Mutation(
        "takes the same evidence twice",
        "ledger/decide_transfer.py",
        "if account is not None and account.transfers:",
        "if account is not None and account.payments:",
    ),
    Mutation(
        "lets a frozen account increase a hold",
        "ledger/decide_payment.py",
        "refusal(payment.state, Move.INCREASE) or unusable(account)",
        "refusal(payment.state, Move.INCREASE)",
    ),
    Mutation(
        "shows a payment to another merchant",
        "ledger/decide_payment.py",
        'if payment and command.merchant not in {"", payment.sale.merchant}:',
        'if payment and command.merchant == "mer_nobody":',
    ),
    # When a hold and a code end.
    Mutation(
        "honours a hold in the millisecond of its end",
        "ledger/account.py",
        "if when <= at_ms",
        "if when < at_ms",
    ),
    Mutation(
        "counts a hold as open after its end",
        "ledger/apply.py",
        "        account.open_holds.pop(ordinal, None)\n",
        "        account.open_holds.get(ordinal, None)\n",
    ),
    Mutation(
        "decides before it writes what has expired",
        "actors/partition.py",
        "                return remembered\n            self._expire_due(account, at_ms)\n",
        "                return remembered\n",
    ),
    Mutation(
        "takes a code in the millisecond of its end",
        "ledger/guards.py",
        "code.issued_at_ms + CODE_LIFE_MS <= at_ms",
        "code.issued_at_ms + CODE_LIFE_MS < at_ms",
    ),
    Mutation(
        "takes a code for a second order",
        "ledger/guards.py",
        "if code.code_id in account.codes:",
        "if code.code_id in account.keys:",
    ),
    Mutation(
        "stops an account whose used code comes again while it is frozen",
        "ledger/apply.py",
        "return event.reason in _NEVER_BOUND or event.code_id in account.codes",
        "return event.reason in _NEVER_BOUND",
    ),
    Mutation(
        "lets time run backwards with the machine's clock",
        "actors/partition.py",
        "return max(self._clock.now_ms(), self.residents.last_at_ms)",
        "return self._clock.now_ms()",
        "seeds",
    ),
    Mutation(
        "starts what nobody waits for any more",
        "actors/partition.py",
        "if envelope.deadline_ms and at_ms > envelope.deadline_ms:",
        "if envelope.deadline_ms and at_ms > 2 * envelope.deadline_ms:",
        "seeds",
    ),
    # One key, one answer.
    Mutation(
        "forgets the key of a payment",
        "ledger/apply.py",
        "account.remember(entry.key, ",
        "account.remember(entry.key[:8], ",
    ),
    Mutation(
        "forgets that a reversal came first",
        "ledger/apply.py",
        "account.remember(event.original, KeyUse(entry.seq, BARRED, attempt=True))",
        "account.remember(event.original[:8], KeyUse(entry.seq, BARRED, attempt=True))",
    ),
    Mutation(
        "answers another request with the answer to its key",
        "actors/recall.py",
        "if entry.request != envelope.request:",
        "if not entry.request:",
    ),
    Mutation(
        "runs a key again once its code has expired",
        "actors/recall.py",
        "    use = account.keys.get(envelope.key)\n    if use is None:\n",
        "    use = account.keys.get(envelope.key)\n"
        "    if use is None or at_ms - account.opened_at_ms > DAY_MS:\n",
    ),
    Mutation(
        "does not write down the other key of a code's second scan",
        "actors/recall.py",
        "    draft.write(account.id, event, at_ms, cause_of(envelope))\n    return",
        "    return",
    ),
    Mutation(
        "answers from a stale memory of a key",
        "actors/partition.py",
        "                self._journal.require_sole_writer()\n                return remembered",
        "                return remembered",
        "tests/actors/test_incarnations.py -k sqlite",
    ),
    # Nothing is answered before it is durable, and by one writer only.
    Mutation(
        "answers before the append",
        "actors/partition.py",
        "self._draft.commit(idle=False)",
        "self._draft.commit",
        "seeds",
    ),
    Mutation(
        "does not sync a commit",
        "ledger/sqlite_store.py",
        "PRAGMA synchronous=FULL",
        "PRAGMA synchronous=NORMAL",
        "seeds on SQLite",
    ),
    Mutation(
        "takes a failed append for a good one",
        "ledger/sqlite_store.py",
        "raise AppendFailed(self._partition, _happened(error), str(error)) from error",
        "return",
        "seeds on SQLite",
    ),
    Mutation(
        "appends after another writer's entry",
        "ledger/sqlite_store.py",
        "            self._require_tip()\n            self._insert",
        "            self._insert",
        "seeds on SQLite",
    ),
    Mutation(
        "says a balance from a stale memory",
        "actors/partition.py",
        "        self._journal.require_sole_writer()\n        return reply\n",
        "        return reply\n",
        "seeds",
    ),
    Mutation(
        "says that nothing happened when nobody knows",
        "actors/batcher.py",
        "PartitionUnavailable(self._partition, Happened.UNKNOWN)",
        "PartitionUnavailable(self._partition, Happened.NO)",
        "tests/actors/test_batcher.py",
    ),
    Mutation(
        "hands each caller the answer of another",
        "actors/batcher.py",
        "for _, future in batch], replies)",
        "for _, future in batch], replies[::-1])",
        "seeds",
    ),
    # A start brings back what was there.
    Mutation(
        "marks as saved what no image has",
        "actors/residents.py",
        "first_dirty - 1",
        "first_dirty",
        "seeds",
    ),
    Mutation(
        "lets an account go that is not saved",
        "actors/residents.py",
        "if account_id not in self._dirty:",
        "if account_id:",
        "seeds",
    ),
    Mutation(
        "restores an image without a thought for its holds",
        "actors/residents.py",
        "heapq.heappush(self._due, (expires_at_ms, account_id))",
        "pass",
        "seeds",
    ),
    Mutation(
        "draws an image that does not say when its holds end",
        "ledger/images.py",
        "account.next_due_ms()",
        "0",
        "seeds",
    ),
    Mutation(
        "does not draw the chapter of an old payment that was refunded",
        "ledger/account.py",
        "self.undrawn.add(chapter)",
        "self.undrawn.add(self.latest)",
        "seeds",
    ),
    Mutation(
        "takes images of another release for its own",
        "ledger/images.py",
        "return mark if mark.image_version == IMAGE_VERSION else Mark()",
        "return mark",
        "seeds",
    ),
    Mutation(
        "forgets at a start what it took from others",
        "actors/residents.py",
        "self.inbox = dict(mark.inbox)",
        "self.inbox = {}",
        "seeds",
    ),
    # A transfer arrives, once.
    Mutation(
        "takes a transfer twice",
        "actors/partition.py",
        "if command.origin.seq <= self.residents.inbox.get(command.origin.partition, 0):",
        "if command.origin.seq < self.residents.inbox.get(command.origin.partition, 0):",
        "seeds",
    ),
    Mutation(
        "goes on when a partition has not taken a transfer",
        "actors/relay.py",
        "done = await self._deliver(target, envelopes) and done",
        "done = await self._deliver(target, envelopes) or done",
        "seeds",
    ),
    Mutation(
        "leaves out an entry at the end of a page",
        "actors/tail.py",
        "self.after = page[-1].seq",
        "self.after = page[-1].seq + 1",
        "seeds",
    ),
    Mutation(
        "sends back what has arrived",
        "actors/relay.py",
        "                yield RecordDelivered(",
        "                yield ReturnTransfer(",
    ),
]
