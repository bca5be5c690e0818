-- Why: what customers may send back is promised to nobody, and a promise for a later day asks what is due by then.

ALTER TABLE stock_positions_log ADD COLUMN IF NOT EXISTS inbound_returns Decimal(38, 6) DEFAULT 0 COMMENT 'expected back from customers and carriers; no promise counts it' AFTER atp;

CREATE OR REPLACE VIEW stock_positions
(
    position_id UUID COMMENT 'id of this state of the position',
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, any status',
    unavailable Decimal(38, 6) COMMENT 'part of on_hand that may not be sold',
    reserved Decimal(38, 6) COMMENT 'allocated to order lines',
    open_demand Decimal(38, 6) COMMENT 'accepted, not allocated',
    inbound Decimal(38, 6) COMMENT 'expected receipts, without returns',
    inbound_returns Decimal(38, 6) COMMENT 'expected back from customers and carriers; no promise counts it',
    safety_stock Decimal(38, 6) COMMENT 'kept back',
    atp Decimal(38, 6) COMMENT 'available to promise: on_hand - unavailable - reserved - open_demand - safety_stock',
    deltas Int64 COMMENT 'how many delta lines were summed',
    as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'newest admission among them',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
AS SELECT
    position_id, sku, location, base_uom, on_hand, unavailable, reserved, open_demand, inbound, inbound_returns, safety_stock, atp, deltas,
    as_of, topic, partition, offset, written_at, loaded_at
FROM stock_positions_log FINAL
COMMENT 'Stock of each SKU at each location: the newest state.';

CREATE OR REPLACE VIEW atp
(
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, any status',
    unavailable Decimal(38, 6) COMMENT 'part of on_hand that may not be sold',
    reserved Decimal(38, 6) COMMENT 'allocated to order lines; below zero only in passing, and shown as zero',
    open_demand Decimal(38, 6) COMMENT 'accepted, not allocated',
    inbound Decimal(38, 6) COMMENT 'expected receipts, without returns',
    inbound_returns Decimal(38, 6) COMMENT 'expected back from customers and carriers; no promise counts it',
    safety_stock Decimal(38, 6) COMMENT 'kept back',
    atp Decimal(38, 6) COMMENT 'available to promise: on_hand - unavailable - reserved - open_demand - safety_stock',
    oversold Bool COMMENT 'more is promised than is there',
    as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'newest admission among them'
)
AS SELECT
    sku, location, base_uom, on_hand, unavailable, greatest(p.reserved, 0) AS reserved, open_demand, inbound, inbound_returns, safety_stock, atp,
    atp < 0 AS oversold, as_of
FROM stock_positions AS p
COMMENT 'Available to promise, per SKU and location (domain.md §3.2).';

CREATE OR REPLACE VIEW stock_plan
(
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    due_date Nullable(Date32) COMMENT 'the day; null: what stands without one, before all days',
    inbound Decimal(38, 6) COMMENT 'expected on the day, without returns and without what has no day',
    demand Decimal(38, 6) COMMENT 'open demand of the day; without one, due at once',
    projected Decimal(38, 6) COMMENT 'on_hand - unavailable - reserved - safety_stock + inbound - demand, both up to the day',
    cumulative Decimal(38, 6) COMMENT 'the least of projected from the day on: so much can be promised for it, and no later promise loses by it'
)
AS SELECT
    sku, location, base_uom, if(at = toDate32('1900-01-01'), NULL, at) AS due_date, inbound, demand, projected,
    min(projected) OVER (PARTITION BY sku, location, base_uom ORDER BY at ASC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS cumulative
FROM
(
    SELECT
        sku, location, base_uom, at, inbound, demand,
        sum(change) OVER (PARTITION BY sku, location, base_uom ORDER BY at ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS projected
    FROM
    (
        SELECT
            sku, location, base_uom, at,
            sumIf(moved, bucket = 'INBOUND') AS inbound, sumIf(moved, bucket = 'OPEN_DEMAND') AS demand,
            sumIf(moved, bucket IN ('ON_HAND', 'INBOUND')) - sumIf(moved, bucket IN ('UNAVAILABLE', 'RESERVED', 'OPEN_DEMAND', 'SAFETY_STOCK')) AS change
        FROM
        (
            -- Each SKU and location has a row before all days, whether anything stands there or not.
            SELECT
                sku, location, base_uom, bucket, ifNull(due_date, toDate32('1900-01-01')) AS due,
                arrayJoin(if(due = toDate32('1900-01-01'), [due], [toDate32('1900-01-01'), due])) AS at,
                if(at = due, qty, toDecimal128(0, 6)) AS moved
            FROM stock_deltas
            WHERE bucket != 'INBOUND_RETURN' AND NOT (bucket = 'INBOUND' AND due_date IS NULL)
        )
        GROUP BY sku, location, base_uom, at
        HAVING at = toDate32('1900-01-01') OR inbound != 0 OR demand != 0
    )
)
COMMENT 'What can be promised for a day, per SKU and location: a row for each day on which something is due (domain.md §3.2).';
