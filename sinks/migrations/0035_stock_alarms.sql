-- Why: oversold shelves (E2) were seen by whoever asked for their SKU, and a bucket below zero by nobody.

CREATE OR REPLACE VIEW stock_alarms
(
    sku String COMMENT 'stock-keeping unit',
    location String COMMENT 'location, GLN or code',
    base_uom String COMMENT 'base unit',
    on_hand Decimal(38, 6) COMMENT 'physically there, any status',
    unavailable Decimal(38, 6) COMMENT 'part of on_hand that may not be sold',
    reserved Decimal(38, 6) COMMENT 'allocated to order lines',
    open_demand Decimal(38, 6) COMMENT 'accepted, not allocated',
    inbound Decimal(38, 6) COMMENT 'expected receipts, without returns',
    inbound_returns Decimal(38, 6) COMMENT 'expected back from customers and carriers',
    atp Decimal(38, 6) COMMENT 'available to promise',
    alarm String COMMENT 'what is wrong with the shelf, the gravest first',
    code String COMMENT 'exception of domain.md §4.3; empty: an event is missing, or was said twice',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    sku, location, base_uom, on_hand, unavailable, reserved, open_demand, inbound, inbound_returns, atp,
    tupleElement(wrong, 1) AS alarm, tupleElement(wrong, 2) AS code, tupleElement(wrong, 3) AS owner
FROM
(
    SELECT
        *,
        multiIf(
            unavailable < 0, ('less than nothing is unavailable', '', 'Inventory control'),
            reserved < 0, ('less than nothing is reserved', '', 'Inventory control'),
            open_demand < 0, ('less than nothing is demanded', '', 'OMS'),
            inbound < 0, ('less than nothing is inbound', '', 'Inventory control'),
            inbound_returns < 0, ('less than nothing is expected back', '', 'Returns'),
            reserved > on_hand - unavailable, ('more is reserved than can be taken', 'E2', 'Inventory control + Ecommerce'),
            atp < 0, ('more is promised than is there', 'E2', 'Inventory control + Ecommerce'),
            unavailable > greatest(on_hand, 0), ('more is unavailable than is there', '', 'Inventory control'),
            ('', '', '')) AS wrong
    FROM stock_positions
)
WHERE alarm != ''
COMMENT 'Shelves that cannot be as they are, or promise more than they hold. What is not here is well.';
