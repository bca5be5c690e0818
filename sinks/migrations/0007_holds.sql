-- Why: what waits must be seen with what it waits for, its deadline and its owner.

CREATE TABLE IF NOT EXISTS holds_log
(
    topic String COMMENT 'topic of the intake record',
    partition Int32 COMMENT 'partition of the intake record',
    offset UInt64 COMMENT 'offset of the intake record',
    event_id Nullable(UUID) COMMENT 'id of the event in it, where it could be read',
    event_type String COMMENT 'type of the event: entity and past participle',
    outcome String COMMENT 'HELD, RELEASED, OVERDUE or DEAD',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    waits_for Array(String) COMMENT 'what it lacks, as last said',
    deadline Nullable(DateTime64(6, 'UTC')) COMMENT 'instant of log time at which an exception is raised',
    owner String COMMENT 'team that must bring what it lacks',
    outcome_partition Int32 COMMENT 'partition of the outcome on admission.outcomes',
    outcome_offset UInt64 COMMENT 'offset of the outcome on admission.outcomes: the newest stands',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the outcome',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, outcome_partition, outcome_offset)
COMMENT 'What was held and how it ended, as loaded; read holds.';

CREATE OR REPLACE VIEW holds
(
    topic String COMMENT 'topic of the intake record',
    partition Int32 COMMENT 'partition of the intake record',
    offset UInt64 COMMENT 'offset of the intake record',
    position String COMMENT 'position of the intake record, topic/partition@offset',
    event_id Nullable(UUID) COMMENT 'id of the event in it, where it could be read',
    event_type String COMMENT 'type of the event: entity and past participle',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    state String COMMENT 'held, overdue, released or dead',
    waits_for Array(String) COMMENT 'what it lacks, as last said',
    deadline Nullable(DateTime64(6, 'UTC')) COMMENT 'instant of log time at which an exception is raised',
    owner String COMMENT 'team that must bring what it lacks',
    held_at DateTime64(6, 'UTC') COMMENT 'when it was first held',
    ended_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when the hold ended; null: it stands'
)
AS SELECT
    topic, partition, offset, concat(topic, '/', toString(partition), '@', toString(offset)) AS position,
    any(l.event_id) AS event_id, any(l.event_type) AS event_type, any(l.thread) AS thread, any(l.order_id) AS order_id,
    lower(argMax(outcome, outcome_offset)) AS state,
    argMaxIf(l.waits_for, outcome_offset, outcome IN ('HELD', 'OVERDUE')) AS waits_for,
    argMaxIf(l.deadline, outcome_offset, outcome IN ('HELD', 'OVERDUE')) AS deadline,
    argMaxIf(l.owner, outcome_offset, outcome IN ('HELD', 'OVERDUE')) AS owner,
    minIf(written_at, outcome IN ('HELD', 'OVERDUE')) AS held_at,
    if(state IN ('held', 'overdue'), NULL, argMax(written_at, outcome_offset)) AS ended_at
FROM holds_log AS l
GROUP BY topic, partition, offset
HAVING countIf(outcome IN ('HELD', 'OVERDUE')) > 0
COMMENT 'Each intake record that was ever held, and how it stands.';
