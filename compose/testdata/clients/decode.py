"""Reads every record of some topics with confluent-kafka, its registry client and its Avro deserializer, and compares each field with what Go says it wrote."""

import base64
import datetime
import decimal
import uuid

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from fastavro.schema import parse_schema

import talk

LOGICAL = {"decimal": decimal.Decimal, "uuid": uuid.UUID, "timestamp-micros": datetime.datetime, "date": datetime.date}
PLAIN = {"string": str, "int": int, "long": int, "boolean": bool, "bytes": bytes}


class Comparison:
    """Walks one value along the schema that wrote it: the schema says which Python type a field must have become."""

    def __init__(self, schema_text):
        self.named = {}
        self.schema = parse_schema(talk.json.loads(schema_text), named_schemas=self.named)
        self.fields, self.different, self.unfilled = 0, [], []

    def differ(self, path, want, have):
        self.different.append(f"{path}: want {want!r}, have {have!r}")

    def value(self, schema, path, want, have):
        if isinstance(schema, str) and schema in self.named:
            schema = self.named[schema]
        if isinstance(schema, list):
            if have is None:
                self.unfilled.append(path)
                if want is not None:
                    self.differ(path, want, have)
                return
            schema = next(s for s in schema if s != "null")
            return self.value(schema, path, want, have)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            self.record(schema, path, want, have)
        elif kind == "array":
            self.array(schema, path, want, have)
        elif kind == "map":
            self.map(path, want, have)
        else:
            self.leaf(schema, kind, path, want, have)

    def record(self, schema, path, want, have):
        names = {f["name"] for f in schema["fields"]}
        if not isinstance(want, dict) or not isinstance(have, dict) or set(have) != names or not set(want) <= names:
            return self.differ(path, want, have)
        for f in schema["fields"]:
            self.value(f["type"], f"{path}.{f['name']}", want.get(f["name"]), have[f["name"]])

    def array(self, schema, path, want, have):
        want = want or []
        if not have:
            self.unfilled.append(path)
        if not isinstance(have, list) or len(want) != len(have):
            return self.differ(path, want, have)
        for i, (w, h) in enumerate(zip(want, have)):
            self.value(schema["items"], f"{path}[{i}]", w, h)

    def map(self, path, want, have):
        want = want or {}
        if not have:
            self.unfilled.append(path)
        if set(want) != set(have):
            return self.differ(path, want, have)
        for k in want:
            self.leaf("string", "string", f"{path}.{k}", want[k], have[k])

    def leaf(self, schema, kind, path, want, have):
        self.fields += 1
        logical = None if isinstance(schema, str) else schema.get("logicalType")
        expected_type = LOGICAL[logical] if logical else PLAIN.get(kind, str)  # an enum is its symbol
        if type(have) is not expected_type or from_json(expected_type, want) != have:
            self.differ(path, want, have)
        elif logical == "decimal" and -have.as_tuple().exponent != schema.get("scale", 0):
            self.differ(path + " (scale)", schema.get("scale", 0), have)


def from_json(expected_type, want):
    """What our JSON form stands for; floats never come in."""
    if expected_type is decimal.Decimal:
        return decimal.Decimal(want) if isinstance(want, str) else None
    if expected_type is datetime.datetime:
        return talk.instant(want)
    if expected_type is datetime.date:
        return datetime.date.fromisoformat(want)
    if expected_type is uuid.UUID:
        return uuid.UUID(want)
    if expected_type is bytes:
        return base64.b64decode(want, validate=True)
    return want if type(want) is expected_type else None


def read(brokers, topics):
    """Every record of the topics, to the end of each partition."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "decode", "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True})
    known = consumer.list_topics(timeout=10).topics
    left = {(t, p) for t in topics for p in known[t].partitions}
    consumer.assign([TopicPartition(t, p, 0) for t, p in left])
    while left:
        m = consumer.poll(20)
        if m is None:
            raise SystemExit(f"nothing came for 20 s; not at their end: {sorted(left)}")
        if m.error() and m.error().code() == KafkaError._PARTITION_EOF:
            left.discard((m.topic(), m.partition()))
        elif m.error():
            raise SystemExit(f"reading {m.topic()}: {m.error()}")
        else:
            yield m
    consumer.close()


def check_headers(event, message, published):
    """CloudEvents in Kafka's binary mode: all attributes on what sources publish, two on what our loops write."""
    meta, have = event["meta"], {k: v.decode() for k, v in message.headers() or []}
    want = {"ce_specversion": "1.0", "ce_type": meta["event_type"]}
    if published:
        source = meta["source"]
        want |= {
            "ce_type": f"org.throughline.o2c.{meta['event_type']}.v{meta['schema_version']}", "ce_id": str(meta["event_id"]),
            "ce_source": f"/{source['system']}/{source['instance']}", "ce_subject": f"{source['doc_type']}/{source['doc_id']}",
            "content-type": "application/avro", "traceparent": meta["traceparent"],
        }
        if talk.instant(have.pop("ce_time", None)) != meta["occurred_at"]:
            return ["the header ce_time is not occurred_at"]
    return [] if have == want else [f"headers: want {want}, have {have}"]


def main(order):
    registry = SchemaRegistryClient({"url": order["registry"]})
    deserialize = AvroDeserializer(registry)
    expected = {(e["topic"], e["event"]["meta"]["event_id"]): e for e in order["expected"]}
    answer = {"fields": 0, "types": [], "differences": [], "unfilled": []}
    for m in read(order["brokers"], sorted({e["topic"] for e in order["expected"]})):
        event = deserialize(m.value(), SerializationContext(m.topic(), MessageField.VALUE))
        e = expected.pop((m.topic(), str(event["meta"]["event_id"])), None)
        if e is None:
            answer["differences"].append(f"{m.topic()}: a record that nobody wrote, or one twice: {event['meta']}")
            continue
        schema_id = int.from_bytes(m.value()[1:5], "big")
        c = Comparison(registry.get_schema(schema_id).schema_str)
        c.value(c.schema, event["meta"]["event_type"], e["event"], event)
        different = c.different + check_headers(event, m, e["published"])
        if m.key() != base64.b64decode(e["key"]):
            different.append(f"key: {m.key()}")
        answer["fields"] += c.fields
        answer["types"].append(event["meta"]["event_type"])
        answer["differences"] += [f"{m.topic()}: {d}" for d in different]
        if e["full"]:
            answer["unfilled"] += c.unfilled
    answer["differences"] += [f"never came: {topic} {event_id}" for topic, event_id in expected]
    return answer


talk.answer(main)
