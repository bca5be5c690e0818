"""beancount's own judgement of a ledger file, and its sums by account, month and currency: of the units, and of what the postings weigh."""

import collections
import decimal

from beancount import loader
from beancount.core import convert, data

import talk


def main(order):
    entries, errors, _ = loader.load_file(order["file"])
    decimal.getcontext().prec = 76  # for our sums: what beancount itself makes of long amounts has been seen above
    functional, weights = collections.defaultdict(decimal.Decimal), collections.defaultdict(decimal.Decimal)
    transactions = 0
    for t in data.filter_txns(entries):
        transactions += 1
        for p in t.postings:
            where = f"{p.account.rsplit(':', 1)[1]} {t.date:%Y-%m}"
            weight = convert.get_weight(p)
            functional[f"{where} {p.units.currency}"] += p.units.number
            weights[f"{where} {weight.currency}"] += weight.number.quantize(decimal.Decimal("0.0001"))  # beancount keeps a price for each unit
    return {
        "problems": [str(e.message) for e in errors], "transactions": transactions,
        "functional": {k: f"{v:f}" for k, v in functional.items()}, "weights": {k: f"{v:f}" for k, v in weights.items()},
    }


talk.answer(main)
