-- Why: every intake record must be accounted for: the last outcome by log order stands.

CREATE TABLE IF NOT EXISTS intake_log
(
    topic String COMMENT 'topic of the intake record',
    partition Int32 COMMENT 'partition of the intake record',
    offset UInt64 COMMENT 'offset of the intake record',
    event_id Nullable(UUID) COMMENT 'id of the event in it, where it could be read',
    event_type String COMMENT 'type of the event: entity and past participle',
    outcome String COMMENT 'admitted, duplicate, held or dead',
    said String COMMENT 'the outcome in the words of admission: RELEASED is admitted, OVERDUE is held',
    stage String COMMENT 'intake or admission',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    canonical_topic String COMMENT 'where it was admitted to',
    outcome_partition Int32 COMMENT 'partition of the outcome on admission.outcomes',
    outcome_offset UInt64 COMMENT 'offset of the outcome on admission.outcomes: the newest stands',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the outcome',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree(outcome_offset)
ORDER BY (topic, partition, offset)
COMMENT 'Outcomes of intake records as loaded; read intake.';

CREATE OR REPLACE VIEW intake
(
    position String COMMENT 'position of the intake record, topic/partition@offset',
    topic String COMMENT 'topic of the intake record',
    partition Int32 COMMENT 'partition of the intake record',
    offset UInt64 COMMENT 'offset of the intake record',
    event_id Nullable(UUID) COMMENT 'id of the event in it, where it could be read',
    event_type String COMMENT 'type of the event: entity and past participle',
    outcome String COMMENT 'admitted, duplicate, held or dead',
    said String COMMENT 'the outcome in the words of admission: RELEASED is admitted, OVERDUE is held',
    stage String COMMENT 'intake or admission',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    canonical_topic String COMMENT 'where it was admitted to',
    outcome_partition Int32 COMMENT 'partition of the outcome on admission.outcomes',
    outcome_offset UInt64 COMMENT 'offset of the outcome on admission.outcomes: the newest stands',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the outcome',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    concat(topic, '/', toString(partition), '@', toString(offset)) AS position, topic, partition, offset, event_id,
    event_type, outcome, said, stage, thread, order_id, canonical_topic, outcome_partition, outcome_offset, written_at,
    loaded_at
FROM intake_log FINAL
COMMENT 'What became of each intake record.';
