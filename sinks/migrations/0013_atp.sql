-- Why: a promise needs one number per SKU and location, and a flag where it is below zero.

CREATE OR REPLACE VIEW atp
(
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, any status',
    unavailable Decimal(38, 6) COMMENT 'part of on_hand that may not be sold',
    reserved Decimal(38, 6) COMMENT 'allocated to order lines; below zero only in passing, and shown as zero',
    open_demand Decimal(38, 6) COMMENT 'accepted, not allocated',
    inbound Decimal(38, 6) COMMENT 'expected receipts',
    safety_stock Decimal(38, 6) COMMENT 'kept back',
    atp Decimal(38, 6) COMMENT 'available to promise: on_hand - unavailable - reserved - open_demand - safety_stock',
    oversold Bool COMMENT 'more is promised than is there',
    as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'newest admission among them'
)
AS SELECT
    sku, location, base_uom, on_hand, unavailable, greatest(p.reserved, 0) AS reserved, open_demand, inbound, safety_stock, atp,
    atp < 0 AS oversold, as_of
FROM stock_positions AS p
COMMENT 'Available to promise, per SKU and location (domain.md §3.2).';
