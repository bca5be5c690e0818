-- Why: somebody must look at each condition, once: the same condition has the same id.

CREATE TABLE IF NOT EXISTS exceptions_log
(
    exception_id UUID COMMENT 'id of the condition: the same condition has the same id',
    code String COMMENT 'E1 to E20, or HOLD_OVERDUE, CONFLICT, OVER_COMMITTED',
    summary String COMMENT 'what it is',
    owner String COMMENT 'team that answers for it',
    legal_entity String COMMENT 'owner of the books',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    subject_event_id Nullable(UUID) COMMENT 'event that it is about',
    subject_event_type String COMMENT 'its type',
    amount Nullable(Decimal(38, 4)) COMMENT 'what is at stake',
    currency String COMMENT 'ISO 4217 currency',
    period String COMMENT 'accounting period, 2011-03',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    admitted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'append time of the record whose arrival let the event through',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree
ORDER BY (exception_id)
COMMENT 'Exceptions as loaded; read exceptions.';

CREATE OR REPLACE VIEW exceptions
(
    exception_id UUID COMMENT 'id of the condition: the same condition has the same id',
    code String COMMENT 'E1 to E20, or HOLD_OVERDUE, CONFLICT, OVER_COMMITTED',
    summary String COMMENT 'what it is',
    owner String COMMENT 'team that answers for it',
    legal_entity String COMMENT 'owner of the books',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    subject_event_id Nullable(UUID) COMMENT 'event that it is about',
    subject_event_type String COMMENT 'its type',
    amount Nullable(Decimal(38, 4)) COMMENT 'what is at stake',
    currency String COMMENT 'ISO 4217 currency',
    period String COMMENT 'accounting period, 2011-03',
    occurred_at DateTime64(6, 'UTC') COMMENT 'when the world changed, UTC',
    admitted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'append time of the record whose arrival let the event through',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    exception_id, code, summary, owner, legal_entity, thread, order_id, subject_event_id, subject_event_type, amount,
    currency, period, occurred_at, admitted_at, topic, partition, offset, written_at, loaded_at
FROM exceptions_log FINAL
COMMENT 'Conditions that somebody must look at, each once.';
