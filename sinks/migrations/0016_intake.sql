-- Why: most intake records have no outcome of their own, because they were simply admitted or died: the view now accounts for every one of them.

CREATE OR REPLACE VIEW intake
(
    position String COMMENT 'position of the intake record, topic/partition@offset',
    topic String COMMENT 'topic of the intake record',
    partition Int32 COMMENT 'partition of the intake record',
    offset UInt64 COMMENT 'offset of the intake record',
    event_id Nullable(UUID) COMMENT 'id of the event in it, where it could be read',
    event_type String COMMENT 'type of the event: entity and past participle',
    outcome String COMMENT 'admitted, duplicate, held or dead; one that died and was cured is admitted',
    said String COMMENT 'the outcome in the words of whoever gave it: ADMITTED, RELEASED after a hold, DUPLICATE, HELD, OVERDUE, or the class of the letter',
    stage String COMMENT 'intake or admission',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    order_id String COMMENT 'order that it belongs to; empty: none',
    canonical_topic String COMMENT 'where it was admitted to; empty: it was not',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the outcome'
)
AS SELECT
    concat(topic, '/', toString(partition), '@', toString(offset)) AS position, topic, partition, offset,
    argMax(tuple(event_id), rank).1 AS event_id, argMax(event_type, rank) AS event_type, argMax(outcome, rank) AS outcome,
    argMax(said, rank) AS said, argMax(stage, rank) AS stage, argMax(thread, rank) AS thread, argMax(order_id, rank) AS order_id,
    argMax(canonical_topic, rank) AS canonical_topic, argMax(written_at, rank) AS written_at
FROM
(
    -- What was admitted outranks what happened to it before; a letter outranks the hold that ended in it.
    SELECT
        e.intake_topic AS topic, e.intake_partition AS partition, toUInt64(e.intake_offset) AS offset, toNullable(e.event_id) AS event_id,
        e.event_type AS event_type, 'admitted' AS outcome, 'ADMITTED' AS said, 'admission' AS stage, e.thread AS thread, e.order_id AS order_id,
        e.topic AS canonical_topic, e.written_at AS written_at, 4 AS rank
    FROM (SELECT * FROM events_log FINAL) AS e
    UNION ALL
    SELECT
        ifNull(l.intake_topic, l.topic), ifNull(l.intake_partition, l.partition), toUInt64(ifNull(l.intake_offset, l.offset)), l.event_id,
        ifNull(l.event_type, ''), 'dead', l.class, l.stage, ifNull(l.thread, ''), ifNull(l.order_id, ''), '', l.written_at, 3
    FROM (SELECT * FROM dead_letters_log FINAL) AS l
    WHERE l.stage IN ('intake', 'admission')
    UNION ALL
    SELECT
        o.topic, o.partition, o.offset, o.event_id, o.event_type, o.outcome, o.said, o.stage, o.thread, o.order_id, o.canonical_topic, o.written_at,
        multiIf(o.said = 'RELEASED', 5, o.outcome = 'duplicate', 2, 1)
    FROM (SELECT * FROM intake_log FINAL) AS o
)
GROUP BY topic, partition, offset
COMMENT 'What became of each intake record: every one of them has a row once it is loaded.';
