-- Why: stock is the sum of its deltas, whatever the order of arrival, so every delta must be seen once.

CREATE TABLE IF NOT EXISTS stock_deltas_log
(
    delta_id UUID COMMENT 'id of the delta record: UUIDv5 of event, rule, version and number',
    event_id UUID COMMENT 'event that it was derived from',
    event_type String COMMENT 'type of that event',
    rule_id String COMMENT 'rule that derived it',
    rule_version Int32 COMMENT 'version of the rule',
    n Int32 COMMENT 'which record of that rule',
    rule_set String COMMENT 'rule set in force when it was admitted',
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order that its thread is; empty: none',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    location String COMMENT 'location, GLN or code',
    shard Int32 COMMENT 'hash of the SKU modulo 16',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    recorded_at DateTime64(6, 'UTC') COMMENT 'append time of the intake record',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    effective_date Date32 COMMENT 'accounting date in the zone of the legal entity',
    line_no Array(Int32) COMMENT 'number of the leg',
    sku Array(String) COMMENT 'stock-keeping unit',
    bucket Array(String) COMMENT 'ON_HAND, UNAVAILABLE, RESERVED, OPEN_DEMAND, INBOUND or SAFETY_STOCK',
    qty Array(Decimal(38, 6)) COMMENT 'signed change of the bucket, base unit',
    base_uom Array(String) COMMENT 'base unit',
    due_date Array(Nullable(Date32)) COMMENT 'date of the demand or of the expected receipt',
    document Array(String) COMMENT 'expected document of an inbound quantity',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew',
    INDEX by_event event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_sku sku TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (order_id, thread, delta_id)
COMMENT 'Stock delta records as loaded, one row a record; read stock_deltas.';

CREATE OR REPLACE VIEW stock_deltas
(
    delta_id UUID COMMENT 'id of the delta record: UUIDv5 of event, rule, version and number',
    event_id UUID COMMENT 'event that it was derived from',
    line_no Int32 COMMENT 'number of the leg',
    event_type String COMMENT 'type of that event',
    rule_id String COMMENT 'rule that derived it',
    rule_version Int32 COMMENT 'version of the rule',
    n Int32 COMMENT 'which record of that rule',
    rule_set String COMMENT 'rule set in force when it was admitted',
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order that its thread is; empty: none',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    location String COMMENT 'location, GLN or code',
    shard Int32 COMMENT 'hash of the SKU modulo 16',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    recorded_at DateTime64(6, 'UTC') COMMENT 'append time of the intake record',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    effective_date Date32 COMMENT 'accounting date in the zone of the legal entity',
    sku String COMMENT 'stock-keeping unit',
    bucket String COMMENT 'ON_HAND, UNAVAILABLE, RESERVED, OPEN_DEMAND, INBOUND or SAFETY_STOCK',
    qty Decimal(38, 6) COMMENT 'signed change of the bucket, base unit',
    base_uom String COMMENT 'base unit',
    due_date Nullable(Date32) COMMENT 'date of the demand or of the expected receipt',
    document String COMMENT 'expected document of an inbound quantity',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    delta_id, event_id, line_no, event_type, rule_id, rule_version, n, rule_set, legal_entity, order_id, thread, location,
    shard, occurred_at, recorded_at, admitted_at, effective_date, sku, bucket, qty, base_uom, due_date, document, topic,
    partition, offset, written_at, loaded_at
FROM (SELECT * FROM stock_deltas_log FINAL)
ARRAY JOIN line_no, sku, bucket, qty, base_uom, due_date, document
COMMENT 'Changes of stock buckets, each once.';
