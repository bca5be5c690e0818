-- Why: people ask what is there now: the newest state of each SKU and location stands.

CREATE TABLE IF NOT EXISTS stock_positions_log
(
    position_id UUID COMMENT 'id of this state of the position',
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, any status',
    unavailable Decimal(38, 6) COMMENT 'part of on_hand that may not be sold',
    reserved Decimal(38, 6) COMMENT 'allocated to order lines',
    open_demand Decimal(38, 6) COMMENT 'accepted, not allocated',
    inbound Decimal(38, 6) COMMENT 'expected receipts',
    safety_stock Decimal(38, 6) COMMENT 'kept back',
    atp Decimal(38, 6) COMMENT 'available to promise: on_hand - unavailable - reserved - open_demand - safety_stock',
    deltas Int64 COMMENT 'how many delta lines were summed',
    as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'newest admission among them',
    topic String COMMENT 'topic of the record',
    partition Int32 COMMENT 'partition of the record',
    offset UInt64 COMMENT 'offset of the record',
    written_at DateTime64(6, 'UTC') COMMENT 'time of the record in its topic',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (sku, location)
COMMENT 'States of stock positions as loaded; read stock_positions.';

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
    inbound Decimal(38, 6) COMMENT 'expected receipts',
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
    position_id, sku, location, base_uom, on_hand, unavailable, reserved, open_demand, inbound, safety_stock, atp, deltas,
    as_of, topic, partition, offset, written_at, loaded_at
FROM stock_positions_log FINAL
COMMENT 'Stock of each SKU at each location: the newest state.';
