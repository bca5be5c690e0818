"""A consumer of the journal with transactions of its own: it reads what is committed, writes a copy of each entry's totals, and commits its offsets with them.

Its second transaction is aborted and done again, as after a crash.
"""

import collections
import decimal

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

import talk

BATCH = 50
decimal.getcontext().prec = 76


class Totals:
    def __init__(self):
        self.entries, self.lines, self.types = collections.Counter(), 0, collections.Counter()
        self.txn, self.fn = collections.defaultdict(decimal.Decimal), collections.defaultdict(decimal.Decimal)
        self.unbalanced = []

    def add(self, entry):
        balance = collections.defaultdict(decimal.Decimal)
        for line in entry["lines"]:
            self.lines += 1
            self.txn[f"{line['account']} {line['currency']}"] += line["amount_txn"]
            self.fn[line["account"]] += line["amount_fn"]
            balance[line["currency"]] += line["amount_txn"]
            balance["functional"] += line["amount_fn"]
        if any(balance.values()):
            self.unbalanced.append(str(entry["meta"]["event_id"]))
        self.entries[str(entry["meta"]["event_id"])] += 1
        self.types[entry["cause_type"]] += 1


def seek_to_committed(consumer):
    for p in consumer.committed(consumer.assignment(), 10):
        consumer.seek(TopicPartition(p.topic, p.partition, max(p.offset, 0)))


def copy(order):
    """Consume, transform, produce, with the offsets in the same transaction."""
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": order["registry"]}))
    consumer = Consumer({
        "bootstrap.servers": order["brokers"], "group.id": order["group"], "isolation.level": "read_committed", "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "enable.partition.eof": True, "session.timeout.ms": 6000})
    consumer.subscribe([order["topic"]])
    producer = Producer({"bootstrap.servers": order["brokers"], "transactional.id": order["group"]})
    producer.init_transactions(20)
    totals, transactions, aborted, ended = Totals(), 0, 0, set()
    while not ended or len(ended) < len(consumer.assignment()):
        batch = []
        for m in consumer.consume(BATCH, 5):
            if m.error() and m.error().code() == KafkaError._PARTITION_EOF:
                ended.add(m.partition())
            elif m.error():
                raise SystemExit(f"reading {order['topic']}: {m.error()}")
            else:
                ended.discard(m.partition())
                batch.append(deserialize(m.value(), SerializationContext(m.topic(), MessageField.VALUE)))
        if not batch:
            continue
        producer.begin_transaction()
        for e in batch:
            producer.produce(order["copy"], str(len(e["lines"])).encode(), str(e["meta"]["event_id"]).encode())
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata())
        transactions += 1
        if transactions == 2:
            producer.abort_transaction(20)
            aborted += len(batch)
            ended.clear()
            seek_to_committed(consumer)
            continue
        producer.commit_transaction(20)
        for e in batch:
            totals.add(e)
    consumer.close()
    return totals, transactions, aborted


def uncommitted(order):
    """How many records stand in the topic, those of aborted transactions included."""
    consumer = Consumer({"bootstrap.servers": order["brokers"], "group.id": "uncommitted", "isolation.level": "read_uncommitted", "enable.partition.eof": True})
    left = set(consumer.list_topics(order["topic"], 10).topics[order["topic"]].partitions)
    consumer.assign([TopicPartition(order["topic"], p, 0) for p in left])
    n = 0
    while left:
        m = consumer.poll(20)
        if m is None:
            raise SystemExit(f"nothing came for 20 s; not at the end of partitions {sorted(left)}")
        if m.error() and m.error().code() == KafkaError._PARTITION_EOF:
            left.discard(m.partition())
        elif not m.error():
            n += 1
    consumer.close()
    return n


def main(order):
    totals, transactions, aborted = copy(order)
    return {
        "entries": totals.entries, "lines": totals.lines, "types": totals.types, "unbalanced": totals.unbalanced,
        "txn": {k: str(v) for k, v in totals.txn.items()}, "fn": {k: str(v) for k, v in totals.fn.items()},
        "transactions": transactions, "aborted": aborted, "uncommitted": uncommitted(order),
    }


talk.answer(main)
