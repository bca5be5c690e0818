-- Why: a held record ends in the canonical log or in a letter too, and what it waits for is said only when it is first held.

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
AS WITH
    -- Where a held record has ended is said by its release, by the canonical log and by its letter.
    (SELECT groupUniqArray((intake_topic, intake_partition, toUInt64(intake_offset))) FROM events_log
        WHERE (intake_topic, intake_partition, toUInt64(intake_offset)) IN (SELECT topic, partition, offset FROM holds_log)) AS admitted,
    (SELECT groupUniqArray((ifNull(intake_topic, ''), ifNull(intake_partition, 0), toUInt64(ifNull(intake_offset, 0)))) FROM dead_letters_log
        WHERE consumer = 'throughline-admission') AS dead
SELECT
    topic, partition, offset, concat(topic, '/', toString(partition), '@', toString(offset)) AS position,
    any(l.event_id) AS event_id, any(l.event_type) AS event_type, any(l.thread) AS thread, any(l.order_id) AS order_id,
    multiIf(countIf(outcome = 'RELEASED') > 0 OR has(admitted, (topic, partition, offset)), 'released',
        has(dead, (topic, partition, offset)), 'dead', countIf(outcome = 'OVERDUE') > 0, 'overdue', 'held') AS state,
    argMaxIf(l.waits_for, outcome_offset, outcome = 'HELD') AS waits_for,
    argMaxIf(l.deadline, outcome_offset, outcome = 'HELD') AS deadline,
    any(l.owner) AS owner,
    min(written_at) AS held_at,
    if(countIf(outcome = 'RELEASED') > 0, maxIf(written_at, outcome = 'RELEASED'), NULL) AS ended_at
FROM holds_log AS l
GROUP BY topic, partition, offset
HAVING countIf(outcome IN ('HELD', 'OVERDUE')) > 0
COMMENT 'Each intake record that was ever held, and how it stands.';
