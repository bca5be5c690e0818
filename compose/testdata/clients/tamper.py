"""Somebody with write access and a client of their own: an entry doubled and one forged in Kafka, an entry altered and one removed in ClickHouse."""

import clickhouse_connect
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

import talk


def first(order, n):
    consumer = Consumer({"bootstrap.servers": order["brokers"], "group.id": "tamper"})
    consumer.assign([TopicPartition(order["topic"], order["partition"], 0)])
    records = []
    while len(records) < n:
        m = consumer.poll(20)
        if m is None or m.error():
            raise SystemExit(f"reading {order['topic']}: {m and m.error()}")
        records.append(m)
    consumer.close()
    return records


def write(order, key, value):
    at = []
    producer = Producer({"bootstrap.servers": order["brokers"], "acks": "all"})
    producer.produce(order["topic"], value, key, partition=order["partition"], on_delivery=lambda e, m: at.append((e, m)))
    producer.flush(20)
    if not at or at[0][0]:
        raise SystemExit(f"writing to {order['topic']}: {at}")
    m = at[0][1]
    return f"{m.topic()}/{m.partition()}@{m.offset()}"


def main(order):
    doubled, like = first(order, 2)
    registry = SchemaRegistryClient({"url": order["registry"]})
    context = SerializationContext(order["topic"], MessageField.VALUE)
    entry = AvroDeserializer(registry)(like.value(), context)
    entry["meta"]["event_id"] = order["forged"]
    serialize = AvroSerializer(registry, registry.get_latest_version("finance.JournalEntry").schema.schema_str,
                               conf={"auto.register.schemas": False, "subject.name.strategy": record_subject_name_strategy})
    answer = {
        "doubled": write(order, doubled.key(), doubled.value()),
        "forged": write(order, like.key(), serialize(entry, context)),
    }
    client = clickhouse_connect.get_client(host=order["host"], port=order["port"], database=order["database"])
    wait = {"mutations_sync": 2}
    client.command("ALTER TABLE journal_lines_log UPDATE amount_fn = arrayMap((x, i) -> if(i = 1, x + 1, x), amount_fn, line_no) WHERE entry_id = {id:UUID}",
                   {"id": order["alter"]}, settings=wait)
    client.command("ALTER TABLE journal_lines_log DELETE WHERE entry_id = {id:UUID}", {"id": order["remove"]}, settings=wait)
    return answer


talk.answer(main)
