"""A source that is written in another language: orders and payments with confluent-kafka's own Avro serializer and with both partitioners that its users meet.

Each document goes out by one partitioner or, as where a team migrates, by both, which then are one fact delivered twice.
"""

import datetime
import decimal
import uuid

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

import talk

NAMESPACE = uuid.UUID("6b1f3a52-0d7e-5c41-9a5e-2f641c8830e7")
DAY = datetime.datetime(2026, 2, 10, 9, 30, 0, 123456, tzinfo=datetime.timezone.utc)
PARTITIONERS = ("consistent_random", "murmur2_random")
D = decimal.Decimal


def event_id(*parts):
    """The id of a fact: a function of its source document, so that whoever sends it again sends the same one."""
    return uuid.uuid5(NAMESPACE, "".join(f"{len(p.encode())}:{p}" for p in ("source", *parts)))


def meta(order, event_type, doc_type, doc_id, transition):
    """Only what a source knows; every field that is left out has a default."""
    return {
        "event_id": event_id("pyshop", "north", doc_type, doc_id, transition, ""), "event_type": event_type, "legal_entity": order["entity"], "occurred_at": DAY,
        "source": {"system": "pyshop", "instance": "north", "doc_type": doc_type, "doc_id": doc_id, "transition": transition},
    }


def accepted(order, order_id, net=D("17.50")):
    quantity = {"qty": D(2), "uom": "EA", "base_qty": D(2), "base_uom": "EA"}
    tax = {"jurisdiction": "US-CA", "rate": D("0.0825"), "base": D("17.50"), "amount": D("1.44")}
    amounts = {"gross": D("20"), "discounts": [{"amount": D("2.50"), "reason": "WELCOME"}], "net": net, "freight_net": D("3.11"), "taxes": [tax], "total": D("22.05")}
    line = {"line_id": "1", "stock": {"sku": order["sku"], "location": order["location"]}, "quantity": quantity, "requested_date": datetime.date(2026, 2, 13), "amounts": amounts}
    return {
        "meta": meta(order, "order.accepted", "order", order_id, "accepted"), "order_id": order_id, "channel": "web", "terms": "PREPAID", "currency": "USD",
        "control": {"point": "AT_SHIPMENT"}, "tender_plan": [{"method": "CARD", "amount": D("22.05")}], "lines": [line],
    }


def captured(order, order_id, amount=D("22.05")):
    return {
        "meta": meta(order, "payment.captured", "charge", "ch-" + order_id, "captured"), "payment_id": "pay-" + order_id, "order_id": order_id, "method": "CARD",
        "psp": "pyshop-pay", "amount": {"amount": amount, "currency": "USD"},
    }


class Source:
    """A producer for each partitioner, over one serializer for each event."""

    def __init__(self, order):
        registry = SchemaRegistryClient({"url": order["registry"]})
        self.serializers = {subject: AvroSerializer(
            registry, registry.get_latest_version(subject).schema.schema_str,
            conf={"auto.register.schemas": False, "use.latest.version": True, "subject.name.strategy": record_subject_name_strategy})
            for subject in ("orders.OrderAccepted", "payments.PaymentCaptured")}
        self.producers = {p: Producer({"bootstrap.servers": order["brokers"], "enable.idempotence": True, "acks": "all", "partitioner": p}) for p in PARTITIONERS}
        self.sent = []

    def send(self, event, *partitioners):
        subject, topic = ("orders.OrderAccepted", "intake.orders") if "lines" in event else ("payments.PaymentCaptured", "intake.payments")
        source = event["meta"]["source"]
        key = f"{source['system']}/{source['instance']}|{source['doc_type']}|{source['doc_id']}"
        value = self.serializers[subject](event, SerializationContext(topic, MessageField.VALUE))
        for p in partitioners:
            self.producers[p].produce(topic, value, key.encode(), on_delivery=self.delivered(source["doc_id"], p))

    def delivered(self, doc, partitioner):
        def note(error, m):
            if error:
                raise SystemExit(f"publishing {doc}: {error}")
            self.sent.append({"doc": doc, "partitioner": partitioner, "topic": m.topic(), "partition": m.partition()})
        return note


def main(order):
    source = Source(order)
    for n in range(order["orders"]):
        by = (PARTITIONERS[:1], PARTITIONERS[1:], PARTITIONERS)[n % 3]
        source.send(captured(order, f"PY-{n}"), *by)
        source.send(accepted(order, f"PY-{n}"), *by)
    # What a source gets wrong: amounts that do not add up, an order that nobody took, one id for two facts.
    source.send(accepted(order, "PY-BROKEN", net=D("17.51")), PARTITIONERS[0])
    source.send(captured(order, "PY-UNKNOWN"), PARTITIONERS[0])
    source.producers[PARTITIONERS[0]].flush(30)
    source.send(captured(order, "PY-0", amount=D("22.06")), PARTITIONERS[0])
    for p in source.producers.values():
        if p.flush(30):
            raise SystemExit("the cluster did not take everything in 30 s")
    return {"sent": source.sent}


talk.answer(main)
