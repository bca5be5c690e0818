-- Why: demand that was taken twice, or was moved to another SKU or place and taken back at the old one, left one bucket of an order below zero and another above it, and nobody was told.

CREATE OR REPLACE VIEW order_conservation
(
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order',
    order_line_id String COMMENT 'line of the order',
    sku String COMMENT 'stock-keeping unit that the line asks for now',
    base_uom String COMMENT 'base unit',
    ordered Decimal(38, 6) COMMENT 'accepted, changes included',
    shipped Decimal(38, 6) COMMENT 'handed to the carrier, less what was voided',
    cancelled Decimal(38, 6) COMMENT 'cancelled',
    open Decimal(38, 6) COMMENT 'still to be shipped or cancelled: what is demanded or reserved, and what was short and is not cancelled yet',
    gap Decimal(38, 6) COMMENT 'ordered - shipped - cancelled - open; below zero: more was shipped and cancelled than ordered, or a reservation stands for what has shipped',
    stock_gap Decimal(38, 6) COMMENT 'of the whole order: what its lines demand, less what inventory.deltas hold open and reserved for it; not zero: one of the two tables lacks an event',
    below_zero Decimal(38, 6) COMMENT 'of the whole order: the lowest of its open demand and its reserved stock by SKU and place, where that is below zero: it was taken twice, or elsewhere than it stood',
    invoiced Decimal(38, 6) COMMENT 'invoiced, less what was voided',
    unbilled Decimal(38, 6) COMMENT 'shipped - (invoiced - credited_unshipped); below zero: invoiced and not shipped',
    undelivered Decimal(38, 6) COMMENT 'part of shipped that stays ours until it arrives and has not: not to be billed',
    in_transit Decimal(38, 6) COMMENT 'part of undelivered that is neither lost nor brought back',
    credited Decimal(38, 6) COMMENT 'credited, whatever became of the goods',
    credited_unshipped Decimal(38, 6) COMMENT 'part of credited that never shipped',
    kept Decimal(38, 6) COMMENT 'invoiced - credited',
    returned Decimal(38, 6) COMMENT 'came back into the warehouse',
    code String COMMENT 'exception of domain.md §4.3, the gravest that holds: E8 more shipped than ordered and not returned, E6 shipped what was cancelled, E10 invoiced and not shipped, E9 shipped and not invoiced, E11 open; empty: none',
    missing_event String COMMENT 'event that would clear it; empty: nothing is missing',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    legal_entity, order_id, order_line_id, sku, base_uom, ordered, shipped, cancelled, open, rest - open AS gap, stock_gap, below_zero, invoiced, unbilled, undelivered,
    in_transit, credited, credited_unshipped, invoiced - credited AS kept, returned,
    tupleElement(finding, 1) AS code, tupleElement(finding, 2) AS missing_event, tupleElement(finding, 3) AS owner
FROM
(
    SELECT
        *, ordered - shipped - cancelled AS rest, greatest(rest, demanded, toDecimal128(0, 6)) AS open, shipped - invoiced + credited_unshipped AS unbilled,
        sum(demanded) OVER (PARTITION BY order_id) - held AS stock_gap,
        least(lowest, toDecimal128(0, 6)) AS below_zero,
        multiIf(
            shipped - returned > ordered, ('E8', 'return.authorised or order.changed', 'Warehouse ops'),
            shipped > 0 AND shipped - returned + cancelled > ordered, ('E6', 'return.authorised or order.changed', 'OMS'),
            stock_gap != 0, ('', 'a row of order_lines or of stock_deltas', 'Platform'),
            unbilled < 0, ('E10', 'shipment.shipped or credit_memo.issued', 'Billing + WMS'),
            unbilled > greatest(undelivered, toDecimal128(0, 6)), ('E9', 'invoice.issued', 'Billing'),
            below_zero < 0, ('', 'order.changed, or event.voided of what took it twice', 'OMS'),
            cancelled > ordered, ('', 'event.voided of a cancellation', 'OMS'),
            demanded > greatest(rest, toDecimal128(0, 6)), ('', 'inventory.reservation_released', 'OMS'),
            open > 0, ('E11', 'shipment.shipped or order.line_cancelled', 'OMS'),
            in_transit > 0, ('', 'shipment.delivered', 'Logistics'),
            ('', '', '')) AS finding
    FROM
    (
        SELECT
            order_id, order_line_id,
            argMax(l.legal_entity, (asks, thread_sequence)) AS legal_entity, argMax(l.sku, (asks, thread_sequence)) AS sku, argMax(l.base_uom, (asks, thread_sequence)) AS base_uom,
            sum(l.ordered) AS ordered, sum(l.cancelled) AS cancelled, sum(l.demanded) AS demanded, sum(l.shipped) AS shipped, sum(l.undelivered) AS undelivered,
            sum(l.in_transit) AS in_transit, sum(l.invoiced) AS invoiced, sum(l.credited) AS credited, sum(l.credited_unshipped) AS credited_unshipped,
            sum(l.returned) AS returned
        FROM (SELECT *, event_type IN ('order.accepted', 'order.changed') OR original_type IN ('order.accepted', 'order.changed') AS asks FROM order_lines) AS l
        GROUP BY order_id, order_line_id
    ) AS lines
    LEFT JOIN
    (
        SELECT order_id, sum(net) AS held, min(net) AS lowest
        FROM
        (
            SELECT order_id, bucket, sku, location, sum(qty) AS net FROM stock_deltas
            WHERE order_id != '' AND bucket IN ('OPEN_DEMAND', 'RESERVED') GROUP BY order_id, bucket, sku, location
        )
        GROUP BY order_id
    ) AS stock ON stock.order_id = lines.order_id
)
COMMENT 'Units of each order line: ordered = shipped + cancelled + open, shipped = invoiced - credited_unshipped + unbilled, invoiced = credited + kept, and what came back.';
