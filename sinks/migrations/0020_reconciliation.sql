-- Why: a balance that stays open is a missing event, and whoever must bring it wants to be told which one it is.

CREATE OR REPLACE VIEW open_item_rules
(
    account String COMMENT 'account code',
    side String COMMENT 'on which side it stands open: Dr or Cr',
    kind String COMMENT 'kind of key that it is about; empty: every other',
    law String COMMENT 'what must hold',
    code String COMMENT 'exception of domain.md §4.3; empty: an open item like any other',
    missing_event String COMMENT 'event that would clear it',
    owner String COMMENT 'team whose it is'
)
AS SELECT tupleElement(r, 1) AS account, tupleElement(r, 2) AS side, tupleElement(r, 3) AS kind, tupleElement(r, 4) AS law, tupleElement(r, 5) AS code, tupleElement(r, 6) AS missing_event, tupleElement(r, 7) AS owner
FROM (SELECT arrayJoin([
    ('1150', 'Dr', '', 'shipped = invoiced + unbilled', 'E9', 'invoice.issued', 'Billing'),
    ('1150', 'Cr', '', 'shipped = invoiced + unbilled', 'E10', 'shipment.shipped', 'Billing + WMS'),
    ('1100', 'Dr', '', 'invoiced = settled + credited + open', '', 'customer_payment.applied or payment.captured', 'AR'),
    ('1100', 'Cr', '', 'invoiced = settled + credited + open', '', 'invoice.issued or refund.issued', 'AR'),
    ('2100', 'Cr', '', 'invoiced = settled + credited + open', 'E11', 'shipment.shipped or refund.issued', 'OMS'),
    ('2100', 'Dr', '', 'invoiced = settled + credited + open', 'E12', 'payment.captured', 'Payments / Credit'),
    ('2150', 'Dr', '', 'invoiced = settled + credited + open', 'E4', 'credit_memo.issued', 'Customer service'),
    ('2150', 'Cr', '', 'invoiced = settled + credited + open', '', 'refund.issued', 'Customer service'),
    ('1260', 'Dr', '', 'credited goods come back', 'E3', 'return.received or return.closed_not_received', 'Returns'),
    ('1260', 'Cr', '', 'credited goods come back', 'E14', 'credit_memo.issued', 'Returns'),
    ('1050', 'Dr', '', 'captured = settled + refunded + fees', 'E5', 'payment.settled', 'Payments ops'),
    ('1050', 'Cr', '', 'captured = settled + refunded + fees', 'E5', 'payment.captured', 'Payments ops'),
    ('1050', 'Dr', 'batch', 'settlement batch = payouts', 'E5', 'payout.paid', 'Payments ops'),
    ('1050', 'Cr', 'batch', 'settlement batch = payouts', 'E5', 'payment.settled', 'Payments ops'),
    ('1060', 'Dr', '', 'payout = bank', 'E13', 'bank.statement_line_matched', 'Treasury'),
    ('1060', 'Cr', '', 'payout = bank', 'E13', 'payout.paid or bank.statement_line_matched', 'Treasury'),
    ('1070', 'Dr', '', 'disputed = won + lost + open', 'E19', 'dispute.won or dispute.lost', 'Risk'),
    ('1070', 'Cr', '', 'disputed = won + lost + open', 'E19', 'dispute.opened', 'Risk'),
    ('1210', 'Dr', '', 'dispatched = received + in transit', 'E20', 'inventory.transfer_received', 'Warehouse'),
    ('1210', 'Cr', '', 'dispatched = received + in transit', 'E20', 'inventory.transfer_dispatched', 'Warehouse'),
    ('1220', 'Dr', '', 'handed over = delivered + lost + returned + under way', '', 'shipment.delivered', 'Logistics'),
    ('1220', 'Cr', '', 'handed over = delivered + lost + returned + under way', '', 'shipment.shipped', 'Logistics'),
    ('2050', 'Cr', '', 'received = billed by vendors', '', 'the vendor''s bill, in accounts payable', 'AP'),
    ('2050', 'Dr', '', 'received = billed by vendors', '', 'inventory.received', 'AP'),
    ('2060', 'Cr', '', 'freight accrued = billed', '', 'freight.cost_billed', 'Logistics'),
    ('2060', 'Dr', '', 'freight accrued = billed', '', 'shipment.shipped with a label price', 'Logistics'),
    ('9000', 'Dr', '', 'nothing is in suspense', 'E18', 'rule.superseded under a rule set with the mapping', 'Platform + Controller'),
    ('9000', 'Cr', '', 'nothing is in suspense', 'E18', 'rule.superseded under a rule set with the mapping', 'Platform + Controller')
]) AS r)
COMMENT 'What an open balance means: the law that it is about, the event that is missing, and whose that is.';

CREATE OR REPLACE VIEW control_movements
(
    legal_entity String COMMENT 'owner of the books',
    period String COMMENT 'accounting period of the movement',
    account String COMMENT 'account code: receivables, suspense, and every control account',
    control_key String COMMENT 'the key by which it must return to zero',
    event_type String COMMENT 'event that moved it',
    order_id String COMMENT 'an order behind it',
    currency String COMMENT 'transaction currency',
    amount_txn Decimal(38, 4) COMMENT 'movement in transaction currency, Dr +',
    functional_currency String COMMENT 'currency of the legal entity',
    amount_fn Decimal(38, 4) COMMENT 'movement in functional currency, Dr +',
    first_on Date32 COMMENT 'accounting date of the first leg',
    last_on Date32 COMMENT 'accounting date of the last leg'
)
AS SELECT
    legal_entity, period, account, control_key, event_type, max(j.order_id) AS order_id, currency, sum(j.amount_txn) AS amount_txn, functional_currency,
    sum(j.amount_fn) AS amount_fn, min(effective_date) AS first_on, max(effective_date) AS last_on
FROM journal_lines AS j
WHERE ledger = 'PRIMARY' AND account IN (SELECT account FROM open_item_rules)
GROUP BY legal_entity, period, account, control_key, event_type, currency, functional_currency
COMMENT 'What moved accounts that must return to zero, by key, period and event: the roll-forward behind every open item.';

CREATE OR REPLACE VIEW reconciliation
(
    legal_entity String COMMENT 'owner of the books',
    law String COMMENT 'what must hold',
    account String COMMENT 'account code',
    control_key String COMMENT 'the key that stands open',
    order_id String COMMENT 'an order behind it',
    currency String COMMENT 'transaction currency',
    moved Map(String, Decimal(38, 4)) COMMENT 'movement by event, transaction currency, Dr +: the parts of the law; they sum to open_txn',
    open_txn Decimal(38, 4) COMMENT 'open in transaction currency, Dr +',
    functional_currency String COMMENT 'currency of the legal entity',
    open_fn Decimal(38, 4) COMMENT 'open in functional currency, Dr +',
    opened_on Date32 COMMENT 'accounting date of the first leg',
    age_days Int64 COMMENT 'days since the first leg',
    code String COMMENT 'exception of domain.md §4.3; empty: an open item like any other',
    missing_event String COMMENT 'event that would clear it',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    legal_entity, r.law AS law, account, control_key, order_id, currency, moved, open_txn, functional_currency, open_fn, opened_on,
    dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days, r.code AS code, r.missing_event AS missing_event, r.owner AS owner
FROM
(
    SELECT
        legal_entity, m.account AS account, control_key, max(m.order_id) AS order_id, currency, sumMap(map(event_type, m.amount_txn)) AS moved, sum(m.amount_txn) AS open_txn,
        functional_currency, sum(m.amount_fn) AS open_fn, min(first_on) AS opened_on, if(open_fn > 0 OR open_fn = 0 AND open_txn > 0, 'Dr', 'Cr') AS side,
        if(m.account = '1050' AND startsWith(control_key, 'batch:'), 'batch', '') AS kind
    FROM control_movements AS m
    GROUP BY legal_entity, account, control_key, currency, functional_currency
    HAVING open_txn != 0 OR open_fn != 0
) AS o
INNER JOIN open_item_rules AS r ON r.account = o.account AND r.side = o.side AND r.kind = o.kind
COMMENT 'Every open item, the movements that left it open, the event that is missing and whose that is. What is not here is zero.';

CREATE OR REPLACE VIEW order_conservation
(
    legal_entity String COMMENT 'owner of the books',
    order_id String COMMENT 'order',
    sku String COMMENT 'stock-keeping unit: lines of one order and SKU are taken together',
    base_uom String COMMENT 'base unit',
    ordered Decimal(38, 6) COMMENT 'accepted, changes included',
    shipped Decimal(38, 6) COMMENT 'left the warehouse for it, less what was voided',
    cancelled Decimal(38, 6) COMMENT 'cancelled, or short and given up',
    open Decimal(38, 6) COMMENT 'neither shipped nor cancelled',
    gap Decimal(38, 6) COMMENT 'ordered - shipped - cancelled - open; below zero: more was shipped than ordered (E8)',
    code String COMMENT 'exception of domain.md §4.3; empty: none',
    missing_event String COMMENT 'event that would clear it; empty: nothing is missing',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    legal_entity, order_id, sku, base_uom, ordered, shipped, cancelled, open, ordered - shipped - cancelled - open AS gap,
    multiIf(gap != 0, 'E8', open > 0, 'E11', '') AS code,
    multiIf(gap != 0, 'return.authorised or order.changed', open > 0, 'shipment.shipped or order.line_cancelled', '') AS missing_event,
    multiIf(gap != 0, 'Warehouse ops', open > 0, 'OMS', '') AS owner
FROM
(
    SELECT
        legal_entity, order_id, sku, any(uom) AS base_uom,
        sumIf(demand, event_type IN ('order.accepted', 'order.changed')) AS ordered,
        -sumIf(hand, ships) AS shipped,
        -sumIf(demand, NOT ships AND event_type NOT IN ('order.accepted', 'order.changed')) AS cancelled,
        sum(demand) AS open
    FROM
    (
        SELECT
            legal_entity, order_id, sku, event_id, event_type, any(d.base_uom) AS uom, sumIf(qty, bucket IN ('OPEN_DEMAND', 'RESERVED')) AS demand, sumIf(qty, bucket = 'ON_HAND') AS hand,
            event_type IN ('shipment.shipped', 'shipment.voided') OR event_type = 'event.voided' AND hand != 0 AND demand != 0 AS ships
        FROM stock_deltas AS d
        WHERE order_id IN (SELECT order_id FROM stock_deltas WHERE event_type = 'order.accepted')
        GROUP BY legal_entity, order_id, sku, event_id, event_type
    )
    GROUP BY legal_entity, order_id, sku
)
COMMENT 'Units of each order: ordered = shipped + cancelled + open.';
