-- Why: two lines of one order and SKU are two promises, so conservation is a law of the line; what moves each is kept, event by event.

CREATE TABLE IF NOT EXISTS order_lines_log
(
    event_id UUID COMMENT 'id of the event: the same business fact has the same id, for ever',
    event_type String COMMENT 'type of the event: entity and past participle',
    original_type String COMMENT 'type of the event that it takes back; empty: it takes back none',
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order',
    thread_sequence Int64 COMMENT 'place of the event in the canonical log of its order',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    effective_date Date32 COMMENT 'accounting date in the zone of the legal entity',
    period String COMMENT 'accounting period, 2011-03',
    order_line_id Array(String) COMMENT 'line of the order',
    sku Array(String) COMMENT 'stock-keeping unit that the event names: what was ordered, left or came back',
    base_uom Array(String) COMMENT 'base unit of all quantities of the row',
    ordered Array(Decimal(38, 6)) COMMENT 'accepted, or changed by so much',
    cancelled Array(Decimal(38, 6)) COMMENT 'cancelled',
    demanded Array(Decimal(38, 6)) COMMENT 'to open demand and reservations together, as inventory.deltas must say too: ordered, less what was consumed, cancelled or given up after a short',
    shipped Array(Decimal(38, 6)) COMMENT 'handed to the carrier',
    delivered Array(Decimal(38, 6)) COMMENT 'arrived at the customer',
    undelivered Array(Decimal(38, 6)) COMMENT 'handed over while it stays ours until it arrives, less what arrived: not to be billed',
    in_transit Array(Decimal(38, 6)) COMMENT 'part of undelivered that is neither lost nor brought back',
    invoiced Array(Decimal(38, 6)) COMMENT 'invoiced',
    credited Array(Decimal(38, 6)) COMMENT 'credited, whatever became of the goods',
    credited_unshipped Array(Decimal(38, 6)) COMMENT 'part of credited that never shipped: an invoice that ran ahead is taken back',
    returned Array(Decimal(38, 6)) COMMENT 'came back into the warehouse',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree
ORDER BY (order_id, event_id)
COMMENT 'What moved order lines, as loaded, one row an event; read order_lines.';

CREATE OR REPLACE VIEW order_lines
(
    event_id UUID COMMENT 'id of the event: the same business fact has the same id, for ever',
    event_type String COMMENT 'type of the event: entity and past participle',
    original_type String COMMENT 'type of the event that it takes back; empty: it takes back none',
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order',
    thread_sequence Int64 COMMENT 'place of the event in the canonical log of its order',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    effective_date Date32 COMMENT 'accounting date in the zone of the legal entity',
    period String COMMENT 'accounting period, 2011-03',
    order_line_id String COMMENT 'line of the order',
    sku String COMMENT 'stock-keeping unit that the event names: what was ordered, left or came back',
    base_uom String COMMENT 'base unit of all quantities of the row',
    ordered Decimal(38, 6) COMMENT 'accepted, or changed by so much',
    cancelled Decimal(38, 6) COMMENT 'cancelled',
    demanded Decimal(38, 6) COMMENT 'to open demand and reservations together, as inventory.deltas must say too: ordered, less what was consumed, cancelled or given up after a short',
    shipped Decimal(38, 6) COMMENT 'handed to the carrier',
    delivered Decimal(38, 6) COMMENT 'arrived at the customer',
    undelivered Decimal(38, 6) COMMENT 'handed over while it stays ours until it arrives, less what arrived: not to be billed',
    in_transit Decimal(38, 6) COMMENT 'part of undelivered that is neither lost nor brought back',
    invoiced Decimal(38, 6) COMMENT 'invoiced',
    credited Decimal(38, 6) COMMENT 'credited, whatever became of the goods',
    credited_unshipped Decimal(38, 6) COMMENT 'part of credited that never shipped: an invoice that ran ahead is taken back',
    returned Decimal(38, 6) COMMENT 'came back into the warehouse',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    event_id, event_type, original_type, legal_entity, order_id, thread_sequence, occurred_at, admitted_at, effective_date, period, order_line_id, sku,
    base_uom, ordered, cancelled, demanded, shipped, delivered, undelivered, in_transit, invoiced, credited, credited_unshipped, returned, topic,
    partition, offset, written_at, loaded_at
FROM (SELECT * FROM order_lines_log FINAL)
ARRAY JOIN order_line_id, sku, base_uom, ordered, cancelled, demanded, shipped, delivered, undelivered, in_transit, invoiced, credited, credited_unshipped, returned
COMMENT 'What each event did to each order line that it names, signed, in base units; a void is what it takes back with the other sign. Charges and gift cards have no law of quantities and are not here.';
