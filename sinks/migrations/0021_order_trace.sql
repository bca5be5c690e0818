-- Why: a remittance pays invoices of several orders and is no one order's; each of them must show that it was paid.

CREATE OR REPLACE VIEW order_trace
(
    order_id String COMMENT 'order that it belongs to; empty: none',
    at DateTime64(6, 'UTC') COMMENT 'when it took its place: admission, else the time of the record',
    kind String COMMENT 'event, entry, delta, letter, hold or exception',
    what String COMMENT 'event type; for what was derived, the rule with its version; for a letter its class',
    detail String COMMENT 'documents and amount of an event, legs of an entry, changes of a delta, reason of a letter, what a hold waits for',
    id Nullable(UUID) COMMENT 'id of the event, entry, delta record, letter or exception',
    event_id Nullable(UUID) COMMENT 'event that it is, comes from or is about',
    thread String COMMENT 'what it belongs to: the order id, else the root document with its kind in front',
    thread_sequence Int64 COMMENT 'place of the event in the canonical log of its thread',
    occurred_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when the world changed, UTC',
    recorded_at Nullable(DateTime64(6, 'UTC')) COMMENT 'append time of the intake record',
    admitted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'append time of the record whose arrival let the event through',
    written_at Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the record in its topic',
    loaded_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when ClickHouse took the row; a repetition sets it anew',
    intake_lag_s Nullable(Float64) COMMENT 'seconds from what happened to its intake',
    admission_lag_s Nullable(Float64) COMMENT 'seconds from intake to admission: what it waited for',
    derivation_lag_s Nullable(Float64) COMMENT 'seconds from admission to the record in its topic',
    loading_lag_s Nullable(Float64) COMMENT 'seconds from that record to this row',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record'
)
AS SELECT
    order_id, at, kind, what, detail, id, event_id, thread, thread_sequence, occurred_at, recorded_at, admitted_at, written_at, loaded_at,
    dateDiff('millisecond', occurred_at, recorded_at) / 1000 AS intake_lag_s,
    dateDiff('millisecond', recorded_at, admitted_at) / 1000 AS admission_lag_s,
    dateDiff('millisecond', admitted_at, written_at) / 1000 AS derivation_lag_s,
    dateDiff('millisecond', written_at, loaded_at) / 1000 AS loading_lag_s,
    topic, partition, offset
FROM
(
    SELECT
        e.order_id AS order_id, e.admitted_at AS at, 'event' AS kind, e.event_type AS what,
        concat(arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', v), mapKeys(e.refs), mapValues(e.refs)), ', '),
            if(e.amount_total IS NULL, '', concat(': ', toString(e.amount_total), ' ', e.currency))) AS detail,
        toNullable(e.event_id) AS id, toNullable(e.event_id) AS event_id, e.thread AS thread, e.thread_sequence AS thread_sequence,
        toNullable(e.occurred_at) AS occurred_at, toNullable(e.recorded_at) AS recorded_at, toNullable(e.admitted_at) AS admitted_at,
        toNullable(e.written_at) AS written_at, toNullable(e.loaded_at) AS loaded_at, e.topic AS topic, e.partition AS partition, e.offset AS offset
    FROM (SELECT * FROM events_log FINAL) AS e
    WHERE e.order_id != ''
    UNION ALL
    SELECT
        p.order_id AS order_id, e.admitted_at AS at, 'event' AS kind, e.event_type AS what,
        concat(arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', v), mapKeys(e.refs), mapValues(e.refs)), ', '),
            if(e.amount_total IS NULL, '', concat(': ', toString(e.amount_total), ' ', e.currency))) AS detail,
        toNullable(e.event_id) AS id, toNullable(e.event_id) AS event_id, e.thread AS thread, e.thread_sequence AS thread_sequence,
        toNullable(e.occurred_at) AS occurred_at, toNullable(e.recorded_at) AS recorded_at, toNullable(e.admitted_at) AS admitted_at,
        toNullable(e.written_at) AS written_at, toNullable(e.loaded_at) AS loaded_at, e.topic AS topic, e.partition AS partition, e.offset AS offset
    FROM (SELECT * FROM events_log FINAL) AS e
    INNER JOIN
    (
        SELECT DISTINCT order_id, concat('payment:', payment_id) AS thread FROM events_log WHERE event_type = 'payment.captured' AND order_id != '' AND payment_id != ''
        UNION DISTINCT
        SELECT arrayJoin(splitByChar(' ', r.refs['order_ids'])) AS order_id, r.thread AS thread FROM events_log AS r
        WHERE r.order_id = '' AND r.thread LIKE 'remittance:%' AND r.refs['order_ids'] != ''
    ) AS p ON p.thread = e.thread
    WHERE e.order_id = ''
    UNION ALL
    SELECT
        j.order_id AS order_id, j.admitted_at AS at, 'entry' AS kind, concat(j.rule_id, '@', toString(j.rule_version)) AS what,
        arrayStringConcat(arrayMap((a, m, c) -> concat(a, ' ', toString(m), ' ', c), j.account, j.amount_txn, j.currency), '; ') AS detail,
        toNullable(j.entry_id) AS id, toNullable(j.event_id) AS event_id, j.thread AS thread, toInt64(0) AS thread_sequence,
        toNullable(j.occurred_at) AS occurred_at, toNullable(j.recorded_at) AS recorded_at, toNullable(j.admitted_at) AS admitted_at,
        toNullable(j.written_at) AS written_at, toNullable(j.loaded_at) AS loaded_at, j.topic AS topic, j.partition AS partition, j.offset AS offset
    FROM (SELECT * FROM journal_lines_log FINAL) AS j
    WHERE j.order_id != ''
    UNION ALL
    SELECT
        p.order_id AS order_id, j.admitted_at AS at, 'entry' AS kind, concat(j.rule_id, '@', toString(j.rule_version)) AS what,
        arrayStringConcat(arrayMap((a, m, c) -> concat(a, ' ', toString(m), ' ', c), j.account, j.amount_txn, j.currency), '; ') AS detail,
        toNullable(j.entry_id) AS id, toNullable(j.event_id) AS event_id, j.thread AS thread, toInt64(0) AS thread_sequence,
        toNullable(j.occurred_at) AS occurred_at, toNullable(j.recorded_at) AS recorded_at, toNullable(j.admitted_at) AS admitted_at,
        toNullable(j.written_at) AS written_at, toNullable(j.loaded_at) AS loaded_at, j.topic AS topic, j.partition AS partition, j.offset AS offset
    FROM (SELECT * FROM journal_lines_log FINAL) AS j
    INNER JOIN
    (
        SELECT DISTINCT order_id, concat('payment:', payment_id) AS thread FROM events_log WHERE event_type = 'payment.captured' AND order_id != '' AND payment_id != ''
        UNION DISTINCT
        SELECT arrayJoin(splitByChar(' ', r.refs['order_ids'])) AS order_id, r.thread AS thread FROM events_log AS r
        WHERE r.order_id = '' AND r.thread LIKE 'remittance:%' AND r.refs['order_ids'] != ''
    ) AS p ON p.thread = j.thread
    WHERE j.order_id = ''
    UNION ALL
    SELECT
        d.order_id, d.admitted_at, 'delta', concat(d.rule_id, '@', toString(d.rule_version)),
        concat(d.location, ': ', arrayStringConcat(arrayMap((s, b, q) -> concat(s, ' ', b, ' ', toString(q)), d.sku, d.bucket, d.qty), '; ')),
        d.delta_id, d.event_id, d.thread, 0, d.occurred_at, d.recorded_at, d.admitted_at, d.written_at, d.loaded_at, d.topic, d.partition, d.offset
    FROM (SELECT * FROM stock_deltas_log FINAL) AS d
    WHERE d.order_id != ''
    UNION ALL
    SELECT
        assumeNotNull(l.order_id), l.written_at, 'letter', l.class, concat(l.stage, ' ', ifNull(l.event_type, ''), ': ', l.reason), l.letter_id, l.event_id,
        ifNull(l.thread, ''), ifNull(l.thread_sequence, 0), l.occurred_at, l.recorded_at, l.admitted_at, l.written_at, l.loaded_at, l.topic, l.partition, l.offset
    FROM (SELECT * FROM dead_letters_log FINAL) AS l
    WHERE l.order_id != ''
    UNION ALL
    SELECT
        h.order_id, h.held_at, 'hold', h.event_type, concat(h.state, ', waits for ', arrayStringConcat(h.waits_for, ', '), ', owner ', h.owner),
        h.event_id, h.event_id, h.thread, 0, NULL, NULL, NULL, h.held_at, NULL, h.topic, h.partition, h.offset
    FROM holds AS h
    WHERE h.order_id != ''
    UNION ALL
    SELECT
        x.order_id, ifNull(x.admitted_at, x.written_at), 'exception', x.code, concat(x.summary, ', owner ', x.owner), x.exception_id, x.subject_event_id,
        x.thread, 0, x.occurred_at, NULL, x.admitted_at, x.written_at, x.loaded_at, x.topic, x.partition, x.offset
    FROM (SELECT * FROM exceptions_log FINAL) AS x
    WHERE x.order_id != ''
)
ORDER BY order_id, at, thread, indexOf(['event', 'entry', 'delta', 'exception', 'hold', 'letter'], kind), thread_sequence, id
COMMENT 'Every event, entry and delta of an order in the order of admission, with those of its payments (fees, settlement, disputes), its letters, holds and exceptions.';
