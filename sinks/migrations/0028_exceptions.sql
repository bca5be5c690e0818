-- Why: an exception ends when somebody says that it was dealt with, and begins anew when the condition is raised again.

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
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew',
    status String COMMENT 'open, or resolved: an operator has said that it was dealt with',
    resolved_by String COMMENT 'who said so; empty: it is open',
    resolved_why String COMMENT 'what was done about it',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when that was said; null: it is open'
)
AS SELECT
    exception_id, code, summary, owner, legal_entity, thread, order_id, subject_event_id, subject_event_type, amount,
    currency, period, occurred_at, admitted_at, topic, partition, offset, written_at, loaded_at,
    if(tupleElement(resolution, 2) = '', 'open', 'resolved') AS status, tupleElement(resolution, 2) AS resolved_by, tupleElement(resolution, 3) AS resolved_why,
    if(tupleElement(resolution, 2) = '', NULL, tupleElement(resolution, 1)) AS resolved_at
FROM
(
    -- A resolution is of the newest record that its operator saw: one that came later is another.
    SELECT e.*, arrayFirst(x -> tupleElement(x, 4) >= e.offset, r.resolutions) AS resolution
    FROM (SELECT * FROM exceptions_log FINAL) AS e
    LEFT JOIN
    (
        SELECT subject_id, subject_topic, subject_partition, arraySort(groupArray((acted_at, who, why, assumeNotNull(subject_offset)))) AS resolutions
        FROM operator_actions
        WHERE action = 'RESOLVE' AND isNotNull(subject_id) AND isNotNull(subject_offset)
        GROUP BY subject_id, subject_topic, subject_partition
    ) AS r ON r.subject_id = e.exception_id AND r.subject_topic = e.topic AND r.subject_partition = e.partition
)
COMMENT 'Conditions that somebody must look at, each once, and whether anybody has.';
