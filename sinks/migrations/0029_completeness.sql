-- Why: an event whose letter was rebooked is in the books by the entry of its rule.superseded, and was shown as dead; and what stands in a shadow ledger is no entry.

CREATE OR REPLACE VIEW completeness
(
    event_id UUID COMMENT 'id of the event: the same business fact has the same id, for ever',
    event_type String COMMENT 'type of the event: entity and past participle',
    outcome String COMMENT 'posted, stock_only, no_effect, dead, pending or missing',
    legal_entity String COMMENT 'owner of the books',
    period String COMMENT 'accounting period, 2011-03',
    order_id String COMMENT 'order that it belongs to; empty: none',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    expects_entry Bool COMMENT 'a journal entry must follow',
    expects_delta Bool COMMENT 'a stock delta must follow',
    has_entry Bool COMMENT 'a journal entry is there, of the event itself or of the rule.superseded by which it was booked afterwards',
    has_delta Bool COMMENT 'a stock delta is there',
    amount_total Nullable(Decimal(38, 4)) COMMENT 'what it amounts to in its own currency: sum of the lines, or the money that moved; null: nothing',
    currency String COMMENT 'ISO 4217 currency',
    admitted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'append time of the record whose arrival let the event through',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record'
)
AS WITH
    posting AS (SELECT event_id FROM journal_lines_log WHERE ledger = 'PRIMARY'),
    -- How far what follows from a partition is known to be loaded: the least of all sinks that must have loaded, 0 where one has noted nothing.
    loaded AS
    (
        SELECT
            topic, partition,
            if(countIf(upstream_group = 'throughline-finance') = 2, minIf(offset, upstream_group = 'throughline-finance'), 0) AS entries_until,
            if(countIf(upstream_group = 'throughline-atp-deltas') = 2, minIf(offset, upstream_group = 'throughline-atp-deltas'), 0) AS deltas_until
        FROM progress
        WHERE (upstream_group = 'throughline-finance' AND loaded_by IN ('journal_lines', 'dead_letters'))
            OR (upstream_group = 'throughline-atp-deltas' AND loaded_by IN ('stock_deltas', 'dead_letters'))
        GROUP BY topic, partition
    )
SELECT
    event_id, event_type,
    multiIf(
        no_entry_missing AND no_delta_missing, multiIf(expects_entry, 'posted', expects_delta, 'stock_only', 'no_effect'),
        (NOT no_entry_missing AND NOT dead_entry AND offset < l.entries_until) OR (NOT no_delta_missing AND NOT dead_delta AND offset < l.deltas_until), 'missing',
        (NOT no_entry_missing AND dead_entry) OR (NOT no_delta_missing AND dead_delta), 'dead',
        'pending') AS outcome,
    legal_entity, period, order_id, thread, expects_entry, expects_delta, has_entry, has_delta, amount_total, currency,
    toNullable(admitted_at) AS admitted_at, topic, partition, offset
FROM
(
    SELECT
        *,
        event_id IN (SELECT event_id FROM posting) OR event_id IN
        (
            SELECT assumeNotNull(corrects) FROM events_log
            WHERE event_type = 'rule.superseded' AND isNotNull(corrects) AND event_id IN (SELECT event_id FROM posting)
        ) AS has_entry,
        event_id IN (SELECT event_id FROM stock_deltas_log) AS has_delta,
        NOT expects_entry OR has_entry AS no_entry_missing,
        NOT expects_delta OR has_delta AS no_delta_missing,
        (topic, partition, offset) IN (SELECT topic, partition, offset FROM dead_letters_log WHERE consumer = 'throughline-finance') AS dead_entry,
        (topic, partition, offset) IN (SELECT topic, partition, offset FROM dead_letters_log WHERE consumer = 'throughline-atp-deltas') AS dead_delta
    FROM events_log FINAL
) AS e
LEFT JOIN loaded AS l ON l.topic = e.topic AND l.partition = e.partition
UNION ALL
SELECT
    assumeNotNull(any(d.event_id)) AS event_id, ifNull(any(d.event_type), '') AS event_type, 'dead' AS outcome,
    ifNull(any(d.legal_entity), '') AS legal_entity, ifNull(any(d.period), '') AS period, ifNull(any(d.order_id), '') AS order_id, ifNull(any(d.thread), '') AS thread,
    false AS expects_entry, false AS expects_delta, false AS has_entry, false AS has_delta, any(d.amount_total) AS amount_total, ifNull(any(d.currency), '') AS currency,
    any(d.admitted_at) AS admitted_at, any(d.topic) AS topic, any(d.partition) AS partition, any(d.offset) AS offset
FROM dead_letters_log AS d
WHERE d.event_id IS NOT NULL AND assumeNotNull(d.event_id) NOT IN (SELECT event_id FROM events_log) AND d.consumer IN ('throughline-intake', 'throughline-admission', 'throughline-sink-events')
GROUP BY d.event_id
COMMENT 'Each event and what became of it. Pending: its effect is beyond what is known to be loaded. Missing: an effect must be there and is not.';
