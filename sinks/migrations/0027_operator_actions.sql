-- Why: what operators did, with who and why, must be found beside what they did it to.

CREATE TABLE IF NOT EXISTS operator_actions_log
(
    action_id UUID COMMENT 'id of the action: the same operator, deed and object have the same id',
    action String COMMENT 'REDRIVE, REPAIR, SKIP, REPLAY, CLOSE, ACCEPT or RESOLVE',
    who String COMMENT 'who acted',
    why String COMMENT 'the reason that was given',
    subject_id Nullable(UUID) COMMENT 'letter, event, exception or found record that it is about',
    subject_topic String COMMENT 'topic of what it is about',
    subject_partition Nullable(Int32) COMMENT 'its partition',
    subject_offset Nullable(UInt64) COMMENT 'its offset; of an exception that of its newest record',
    consumer String COMMENT 'consumer that is to do it again, or to step over it',
    finding String COMMENT 'ACCEPT: the check of an audit and what it found',
    found String COMMENT 'ACCEPT: what was found, by the name that the audit gives it',
    plan_hash String COMMENT 'REPLAY: hash of the plan',
    legal_entity String COMMENT 'owner of the books; *: of none alone',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    acted_at DateTime64(6, 'UTC') COMMENT 'when it was done',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree
ORDER BY (action, action_id)
COMMENT 'Operator actions as loaded; read operator_actions.';

CREATE OR REPLACE VIEW operator_actions
(
    action_id UUID COMMENT 'id of the action: the same operator, deed and object have the same id',
    action String COMMENT 'REDRIVE, REPAIR, SKIP, REPLAY, CLOSE, ACCEPT or RESOLVE',
    who String COMMENT 'who acted',
    why String COMMENT 'the reason that was given',
    subject_id Nullable(UUID) COMMENT 'letter, event, exception or found record that it is about',
    subject_topic String COMMENT 'topic of what it is about',
    subject_partition Nullable(Int32) COMMENT 'its partition',
    subject_offset Nullable(UInt64) COMMENT 'its offset; of an exception that of its newest record',
    consumer String COMMENT 'consumer that is to do it again, or to step over it',
    finding String COMMENT 'ACCEPT: the check of an audit and what it found',
    found String COMMENT 'ACCEPT: what was found, by the name that the audit gives it',
    plan_hash String COMMENT 'REPLAY: hash of the plan',
    legal_entity String COMMENT 'owner of the books; *: of none alone',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    acted_at DateTime64(6, 'UTC') COMMENT 'when it was done',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    action_id, action, who, why, subject_id, subject_topic, subject_partition, subject_offset, consumer, finding, found, plan_hash,
    legal_entity, thread, acted_at, topic, partition, offset, written_at, loaded_at
FROM operator_actions_log FINAL
COMMENT 'What operators did, each action once: who, why, and what it was about.';
