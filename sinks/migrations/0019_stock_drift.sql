-- Why: another system's count is compared with the sum of the deltas and never folded: the difference is somebody's to explain (E15).

CREATE TABLE IF NOT EXISTS stock_snapshots_log
(
    event_id UUID COMMENT 'id of the event: the same business fact has the same id, for ever',
    snapshot_id String COMMENT 'the snapshot in its source',
    source_system String COMMENT 'kind of system that said it',
    source_instance String COMMENT 'which one: shop, account or site',
    legal_entity String COMMENT 'owner of the books',
    as_of DateTime64(6, 'UTC') COMMENT 'the instant of which the source speaks, UTC',
    source_sequence Nullable(Int64) COMMENT 'how far the source had come, by its own count',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    line_id Array(String) COMMENT 'line of the snapshot',
    sku Array(String) COMMENT 'stock-keeping unit',
    location Array(String) COMMENT 'location, GLN or code',
    base_uom Array(String) COMMENT 'base unit',
    on_hand Array(Decimal(38, 6)) COMMENT 'physically there, as the source says',
    unavailable Array(Nullable(Decimal(38, 6))) COMMENT 'part of it that may not be sold; null: not said',
    reserved Array(Nullable(Decimal(38, 6))) COMMENT 'allocated; null: not said',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree
ORDER BY (event_id)
COMMENT 'Stock snapshots as loaded, one row an event; read stock_snapshots.';

CREATE OR REPLACE VIEW stock_snapshots
(
    event_id UUID COMMENT 'id of the event: the same business fact has the same id, for ever',
    snapshot_id String COMMENT 'the snapshot in its source',
    line_id String COMMENT 'line of the snapshot',
    source_system String COMMENT 'kind of system that said it',
    source_instance String COMMENT 'which one: shop, account or site',
    legal_entity String COMMENT 'owner of the books',
    as_of DateTime64(6, 'UTC') COMMENT 'the instant of which the source speaks, UTC',
    source_sequence Nullable(Int64) COMMENT 'how far the source had come, by its own count',
    admitted_at DateTime64(6, 'UTC') COMMENT 'append time of the record whose arrival let the event through',
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, as the source says',
    unavailable Nullable(Decimal(38, 6)) COMMENT 'part of it that may not be sold; null: not said',
    reserved Nullable(Decimal(38, 6)) COMMENT 'allocated; null: not said',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    event_id, snapshot_id, line_id, source_system, source_instance, legal_entity, as_of, source_sequence, admitted_at, sku, location, base_uom,
    on_hand, unavailable, reserved, topic, partition, offset, written_at, loaded_at
FROM (SELECT * FROM stock_snapshots_log FINAL)
ARRAY JOIN line_id, sku, location, base_uom, on_hand, unavailable, reserved
COMMENT 'What other systems believe is there, each line once; in no sum.';

CREATE OR REPLACE VIEW stock_drift
(
    event_id UUID COMMENT 'event of the snapshot',
    snapshot_id String COMMENT 'the snapshot in its source',
    line_id String COMMENT 'line of the snapshot',
    source_system String COMMENT 'kind of system that said it',
    source_instance String COMMENT 'which one: shop, account or site',
    legal_entity String COMMENT 'owner of the books',
    as_of DateTime64(6, 'UTC') COMMENT 'the instant of which the source speaks, UTC',
    admitted_at DateTime64(6, 'UTC') COMMENT 'when the snapshot was admitted',
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, as the source says',
    on_hand_here Decimal(38, 6) COMMENT 'the sum of the deltas of all that had happened by as_of, and is known by now',
    on_hand_drift Decimal(38, 6) COMMENT 'on_hand - on_hand_here; an adjustment that is approved has this quantity',
    unavailable_drift Nullable(Decimal(38, 6)) COMMENT 'the same of unavailable; null: the source says nothing of it',
    reserved_drift Nullable(Decimal(38, 6)) COMMENT 'the same of reserved; null: the source says nothing of it',
    drift_then Decimal(38, 6) COMMENT 'drift of on_hand by what was known when the snapshot was admitted',
    drifts Bool COMMENT 'a difference stands',
    class String COMMENT 'agrees; late: what was missing has come since; unknown there: one event here explains it, and the source does not know it; doubled: several do; lost or manual: none does',
    suspects Array(String) COMMENT 'threads of the events that would explain the drift of on_hand, newest first, at most five',
    owner String COMMENT 'team that answers for it'
)
AS SELECT
    event_id, snapshot_id, line_id, source_system, source_instance, legal_entity, as_of, admitted_at, sku, location, base_uom, on_hand,
    arraySum(arrayMap(x -> x.3, happened)) AS on_hand_here, on_hand - on_hand_here AS on_hand_drift,
    unavailable - arraySum(arrayMap(x -> x.4, happened)) AS unavailable_drift,
    reserved - arraySum(arrayMap(x -> x.5, happened)) AS reserved_drift,
    on_hand - arraySum(arrayMap(x -> x.3, arrayFilter(x -> x.2 <= admitted_at, happened))) AS drift_then,
    on_hand_drift != 0 OR ifNull(unavailable_drift != 0, false) OR ifNull(reserved_drift != 0, false) AS drifts,
    multiIf(NOT drifts, if(drift_then = 0, 'agrees', 'late'), length(explaining) = 0, 'lost or manual', length(explaining) = 1, 'unknown there', 'doubled') AS class,
    arraySlice(arrayDistinct(arrayMap(x -> x.6, arrayReverseSort(x -> x.1, explaining))), 1, 5) AS suspects,
    'Inventory control' AS owner,
    arrayFilter(x -> on_hand_drift != 0 AND x.3 = -on_hand_drift, happened) AS explaining
FROM
(
    SELECT
        s.event_id AS event_id, s.snapshot_id AS snapshot_id, s.line_id AS line_id, any(s.source_system) AS source_system, any(s.source_instance) AS source_instance,
        any(s.legal_entity) AS legal_entity, any(s.as_of) AS as_of, any(s.admitted_at) AS admitted_at, any(s.sku) AS sku, any(s.location) AS location,
        any(s.base_uom) AS base_uom, any(s.on_hand) AS on_hand, any(s.unavailable) AS unavailable, any(s.reserved) AS reserved,
        groupArrayIf((d.occurred_at, d.admitted_at, d.on_hand, d.unavailable, d.reserved, d.thread), d.occurred_at <= s.as_of) AS happened
    FROM stock_snapshots AS s
    LEFT JOIN
    (
        -- A correction counts from when its original was said to have happened: what did not occur was never there.
        SELECT
            x.sku AS sku, x.location AS location, x.base_uom AS base_uom, x.event_id AS event_id, any(x.thread) AS thread, min(x.admitted_at) AS admitted_at,
            min(if(c.original_at > toDateTime64(0, 6, 'UTC'), least(x.occurred_at, c.original_at), x.occurred_at)) AS occurred_at,
            sumIf(x.qty, x.bucket = 'ON_HAND') AS on_hand, sumIf(x.qty, x.bucket = 'UNAVAILABLE') AS unavailable, sumIf(x.qty, x.bucket = 'RESERVED') AS reserved
        FROM stock_deltas AS x
        LEFT JOIN
        (
            SELECT v.event_id AS event_id, any(o.occurred_at) AS original_at
            FROM (SELECT event_id, assumeNotNull(corrects) AS corrects FROM events_log WHERE isNotNull(corrects)) AS v
            INNER JOIN (SELECT event_id, occurred_at FROM events_log WHERE event_id IN (SELECT assumeNotNull(corrects) FROM events_log WHERE isNotNull(corrects))) AS o ON o.event_id = v.corrects
            GROUP BY v.event_id
        ) AS c ON c.event_id = x.event_id
        WHERE x.bucket IN ('ON_HAND', 'UNAVAILABLE', 'RESERVED') AND (x.sku, x.location) IN (SELECT sku, location FROM stock_snapshots)
        GROUP BY x.sku, x.location, x.base_uom, x.event_id
    ) AS d ON d.sku = s.sku AND d.location = s.location AND d.base_uom = s.base_uom
    GROUP BY s.event_id, s.snapshot_id, s.line_id
)
COMMENT 'Each snapshot line against the sum of the deltas at its instant: stock drift, exception E15 (domain.md §3.4).';
