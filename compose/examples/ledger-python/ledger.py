"""Keeps a general ledger in SQLite from the journal, exactly once. An example to read and to begin from.

Exactly once needs no more than this: entries and the offsets behind them are written in one SQLite transaction, and reading resumes from those offsets, whatever
Kafka's group thinks. A crash before the commit repeats the batch, a crash after it does not. An entry id that the ledger has is left out, so that even two processes
that hold a partition at once, or a record that somebody copied, change nothing.

    pip install 'confluent-kafka[avro,schemaregistry]'
    python ledger.py --brokers 127.0.0.1:9092 --registry http://127.0.0.1:8081 --db ledger.db
"""

import argparse
import decimal
import signal
import sqlite3
import sys

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "finance.journal"

# Amounts are integers of ten-thousandths, which SQLite sums exactly; `next` is the first offset that is not booked.
TABLES = """
CREATE TABLE IF NOT EXISTS entries (id TEXT PRIMARY KEY, event TEXT NOT NULL, rule TEXT NOT NULL, entity TEXT NOT NULL, period TEXT NOT NULL, effective_date TEXT NOT NULL,
    currency TEXT NOT NULL, reverses TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lines (entry TEXT NOT NULL REFERENCES entries, line INTEGER NOT NULL, account TEXT NOT NULL, control_key TEXT, amount_txn INTEGER NOT NULL,
    currency TEXT NOT NULL, amount_fn INTEGER NOT NULL, PRIMARY KEY (entry, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
"""


def open_book(file):
    """The ledger. Two processes of one group may share the file: each waits for the other's transaction."""
    book = sqlite3.connect(file, timeout=30, isolation_level=None)  # transactions begin where the program says so
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"):
        book.execute(statement)
    book.executescript(TABLES)
    return book


def resume(book):
    """The callback that tells the client where to begin: where the ledger ends. What the group has committed is not asked."""
    def on_assign(consumer, partitions):
        booked = dict(book.execute("SELECT partition, next FROM offsets"))
        for p in partitions:
            p.offset = booked.get(p.partition, 0)
        consumer.assign(partitions)
    return on_assign


def ten_thousandths(amount):
    """An exact integer, or an error: never a float."""
    units = amount.scaleb(4)
    if units != units.to_integral_value() or not -2**63 <= units < 2**63:
        raise ValueError(f"amount {amount} does not fit into SQLite's integers")
    return int(units)


def store_entry(book, e):
    """Books an entry, unless the ledger has it."""
    if e["ledger"] != "PRIMARY":
        return 0  # a shadow ledger's entries count nowhere
    m = e["meta"]
    row = (str(m["event_id"]), str(m["causation_id"]), f"{e['rule_id']}@{e['rule_version']}", m["legal_entity"], m["period"], str(m["effective_date"]),
           e["functional_currency"], e["reverses"] and str(e["reverses"]))
    if book.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount == 0:
        return 0
    book.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?)", (
        (row[0], line["line_no"], line["account"], line["control_key"], ten_thousandths(line["amount_txn"]), line["currency"], ten_thousandths(line["amount_fn"]))
        for line in e["lines"]))
    return 1


def store(book, entries, following):
    """Entries and offsets in one transaction: both or neither."""
    book.execute("BEGIN IMMEDIATE")
    try:
        added = sum(store_entry(book, e) for e in entries)
        # Never back: a process that lost the partition to us may still have been booking.
        book.executemany("INSERT INTO offsets VALUES (?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)", following.items())
        book.execute("COMMIT")
    except BaseException:
        book.execute("ROLLBACK")
        raise
    return added


def follow(book, options, stopped):
    """Books what is committed, until it is told to stop. What cannot be decoded stops the program: books do not skip."""
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": options.registry}))
    consumer = Consumer({  # a cluster with TLS or SASL needs security.protocol and what belongs to it
        "bootstrap.servers": options.brokers,
        "group.id": options.group,
        "isolation.level": "read_committed",  # else one reads entries of transactions that were aborted
        "enable.auto.commit": False,  # the offsets that count are the ledger's
        "auto.offset.reset": "error",
        "session.timeout.ms": options.session * 1000,
    })
    consumer.subscribe([TOPIC], on_assign=resume(book))
    while not stopped:
        entries, following = [], {}
        # Callbacks run inside consume: no partition is taken away between reading and booking.
        messages = consumer.consume(options.batch, timeout=0.2)
        for m in messages:
            if m.error():
                raise KafkaException(m.error())
            entries.append(deserialize(m.value(), SerializationContext(m.topic(), MessageField.VALUE)))
            following[m.partition()] = m.offset() + 1
        if entries:
            added = store(book, entries, following)
            print(f"{len(entries)} records, {added} new entries", file=sys.stderr, flush=True)
    consumer.close()


def print_trial_balance(book):
    """Entity, account, currency and balance, debits positive, separated by tabs."""
    for entity, account, currency, total in book.execute(
            "SELECT e.entity, l.account, e.currency, sum(l.amount_fn) FROM lines AS l JOIN entries AS e ON e.id = l.entry GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"):
        print(entity, account, currency, decimal.Decimal(total).scaleb(-4), sep="\t")


def main():
    parser = argparse.ArgumentParser(description="Keeps a general ledger in SQLite from the journal, exactly once.")
    parser.add_argument("--brokers", default="127.0.0.1:9092", help="Kafka brokers, host:port,…")
    parser.add_argument("--registry", default="http://127.0.0.1:8081", help="schema registry")
    parser.add_argument("--db", default="ledger.db", help="SQLite file of the ledger")
    parser.add_argument("--group", default="general-ledger", help="consumer group: its members share the partitions")
    parser.add_argument("--batch", type=int, default=500, help="at most so many entries in one transaction")
    parser.add_argument("--session", type=int, default=10, help="seconds that the group waits for a member that is silent")
    options = parser.parse_args()
    decimal.getcontext().prec = 76  # amounts have up to 38 digits
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    book = open_book(options.db)
    follow(book, options, stopped)
    print_trial_balance(book)
    book.close()


if __name__ == "__main__":
    main()
