-- Why: a prepaid order that shipped and was never invoiced stands on two accounts, and one invoice clears both; its deposit was reported as paid and not shipped, to the wrong team. And what stood open at the end of a period has one definition.

CREATE OR REPLACE VIEW open_item_rules
(
    account String COMMENT 'account code; a role has as many accounts as charts give it',
    role String COMMENT 'what posting rules mean by the account',
    side String COMMENT 'on which side it stands open: Dr or Cr',
    kind String COMMENT 'kind of key, or part of a balance, that it is about; empty: every other',
    law String COMMENT 'what must hold',
    code String COMMENT 'exception of domain.md §4.3; empty: an open item like any other',
    missing_event String COMMENT 'event that would clear it',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    a.code AS account, tupleElement(r, 1) AS role, tupleElement(r, 2) AS side, tupleElement(r, 3) AS kind, tupleElement(r, 4) AS law, tupleElement(r, 5) AS code,
    tupleElement(r, 6) AS missing_event, tupleElement(r, 7) AS owner
FROM (SELECT arrayJoin([
    ('SHIPPED_NOT_INVOICED', 'Dr', '', 'shipped = invoiced + unbilled', 'E9', 'invoice.issued', 'Billing'),
    ('SHIPPED_NOT_INVOICED', 'Cr', '', 'shipped = invoiced + unbilled', 'E10', 'shipment.shipped', 'Billing + WMS'),
    ('RECEIVABLE', 'Dr', '', 'invoiced = settled + credited + open', '', 'customer_payment.applied or payment.captured', 'AR'),
    ('RECEIVABLE', 'Cr', '', 'invoiced = settled + credited + open', '', 'invoice.issued or refund.issued', 'AR'),
    ('CUSTOMER_DEPOSITS', 'Cr', '', 'invoiced = settled + credited + open', 'E11', 'shipment.shipped or refund.issued', 'OMS'),
    ('CUSTOMER_DEPOSITS', 'Cr', 'unbilled', 'shipped = invoiced + unbilled', 'E9', 'invoice.issued', 'Billing'),
    ('CUSTOMER_DEPOSITS', 'Dr', '', 'invoiced = settled + credited + open', 'E12', 'payment.captured', 'Payments / Credit'),
    ('REFUNDS_PAYABLE', 'Dr', '', 'invoiced = settled + credited + open', 'E4', 'credit_memo.issued', 'Customer service'),
    ('REFUNDS_PAYABLE', 'Cr', '', 'invoiced = settled + credited + open', '', 'refund.issued', 'Customer service'),
    ('RIGHT_TO_RECOVER', 'Dr', '', 'credited goods come back', 'E3', 'return.received or return.closed_not_received', 'Returns'),
    ('RIGHT_TO_RECOVER', 'Cr', '', 'credited goods come back', 'E14', 'credit_memo.issued', 'Returns'),
    ('PSP_CLEARING', 'Dr', '', 'captured = settled + refunded + fees', 'E5', 'payment.settled', 'Payments ops'),
    ('PSP_CLEARING', 'Cr', '', 'captured = settled + refunded + fees', 'E5', 'payment.captured', 'Payments ops'),
    ('PSP_CLEARING', 'Dr', 'batch', 'settlement batch = payouts', 'E5', 'payout.paid', 'Payments ops'),
    ('PSP_CLEARING', 'Cr', 'batch', 'settlement batch = payouts', 'E5', 'payment.settled', 'Payments ops'),
    ('BANK_CLEARING', 'Dr', '', 'payout = bank', 'E13', 'bank.statement_line_matched', 'Treasury'),
    ('BANK_CLEARING', 'Cr', '', 'payout = bank', 'E13', 'payout.paid or bank.statement_line_matched', 'Treasury'),
    ('DISPUTED_FUNDS', 'Dr', '', 'disputed = won + lost + open', 'E19', 'dispute.won or dispute.lost', 'Risk'),
    ('DISPUTED_FUNDS', 'Cr', '', 'disputed = won + lost + open', 'E19', 'dispute.opened', 'Risk'),
    ('TRANSFERS', 'Dr', '', 'dispatched = received + in transit', 'E20', 'inventory.transfer_received', 'Warehouse'),
    ('TRANSFERS', 'Cr', '', 'dispatched = received + in transit', 'E20', 'inventory.transfer_dispatched', 'Warehouse'),
    ('GOODS_IN_TRANSIT', 'Dr', '', 'handed over = delivered + lost + returned + under way', '', 'shipment.delivered', 'Logistics'),
    ('GOODS_IN_TRANSIT', 'Cr', '', 'handed over = delivered + lost + returned + under way', '', 'shipment.shipped', 'Logistics'),
    ('GOODS_RECEIVED', 'Cr', '', 'received = billed by vendors', '', 'the vendor''s bill, in accounts payable', 'AP'),
    ('GOODS_RECEIVED', 'Dr', '', 'received = billed by vendors', '', 'inventory.received', 'AP'),
    ('ACCRUED_FREIGHT', 'Cr', '', 'freight accrued = billed', '', 'freight.cost_billed', 'Logistics'),
    ('ACCRUED_FREIGHT', 'Dr', '', 'freight accrued = billed', '', 'shipment.shipped with a label price', 'Logistics'),
    ('SUSPENSE', 'Dr', '', 'nothing is in suspense', 'E18', 'rule.superseded under a rule set with the mapping', 'Platform + Controller'),
    ('SUSPENSE', 'Cr', '', 'nothing is in suspense', 'E18', 'rule.superseded under a rule set with the mapping', 'Platform + Controller')
]) AS r, tupleElement(r, 1) AS of_role) AS l
INNER JOIN (SELECT code, role FROM accounts) AS a ON a.role = l.of_role
COMMENT 'What an open balance means: the law that it is about, the event that is missing, and whose that is.';

CREATE OR REPLACE VIEW open_items
AS SELECT
    legal_entity, m.account AS account, any(m.role) AS role, any(m.account_name) AS account_name, control_key, any(m.kind) AS kind,
    if(open_fn > 0 OR open_fn = 0 AND open_txn > 0, 'Dr', 'Cr') AS side, max(m.order_id) AS order_id, currency,
    sumMap(map(event_type, m.amount_txn)) AS moved, sum(m.amount_txn) AS open_txn, functional_currency, sum(m.amount_fn) AS open_fn,
    min(first_on) AS opened_on, dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days
FROM control_movements AS m
WHERE {until:String} = '' OR period <= {until:String}
GROUP BY legal_entity, account, control_key, currency, functional_currency
HAVING open_txn != 0 OR open_fn != 0
COMMENT 'open_items(until = ''2026-03''): balances of accounts that must return to zero which stood open at the end of a period, by key, with what moved them; until = '''' is now.';

CREATE OR REPLACE VIEW reconciliation_at
AS WITH
    -- What an order has shipped, with the tax that its invoice will add, by the event that books it.
    shipments AS
    (
        SELECT legal_entity, order_id, event_type, currency, sum(ifNull(amount_total, 0)) AS total
        FROM events
        WHERE event_type IN ('shipment.shipped', 'shipment.delivered') AND order_id != '' AND ({until:String} = '' OR period <= {until:String}) AND event_id NOT IN
        (
            SELECT assumeNotNull(corrects) FROM events_log
            WHERE event_type IN ('shipment.voided', 'event.voided') AND isNotNull(corrects) AND ({until:String} = '' OR period <= {until:String})
        )
        GROUP BY legal_entity, order_id, event_type, currency
    ),
    items AS
    (
        SELECT
            *,
            role = 'SHIPPED_NOT_INVOICED' AND open_txn > 0 AND startsWith(control_key, concat('line:', order_id, '/')) AS shipped,
            role = 'CUSTOMER_DEPOSITS' AND side = 'Cr' AND open_txn < 0 AND control_key = concat('order:', order_id) AS deposit,
            sumIf(open_txn, shipped) OVER w AS unbilled_net,
            anyIf(arrayFirst(x -> x IN ('shipment.shipped', 'shipment.delivered'), mapKeys(moved)), shipped) OVER w AS shipped_by,
            -sumIf(open_txn, deposit) OVER (w ORDER BY account, control_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS deposits_before
        FROM open_items(until = {until:String})
        WINDOW w AS (PARTITION BY legal_entity, order_id, currency)
    ),
    -- What of a deposit waits for an invoice: what is unbilled of the order, which is net of tax; where it is more, what has shipped with tax, less what was invoiced.
    parted AS
    (
        SELECT
            i.*,
            greatest(i.unbilled_net, toDecimal128(ifNull(s.total, 0), 4) - i.moved['invoice.issued']) - i.deposits_before AS unbilled,
            if(i.deposit AND i.unbilled_net > 0, greatest(least(-i.open_txn, unbilled), toDecimal128(0, 4)), toDecimal128(0, 4)) AS waits,
            if(waits = -i.open_txn, i.open_fn, CAST(divideDecimal(multiplyDecimal(i.open_fn, waits, 8), greatest(-i.open_txn, toDecimal128('0.0001', 4)), 4), 'Decimal(38, 4)')) AS waits_fn,
            multiIf(
                waits = 0, [(i.kind, i.open_txn, i.open_fn, i.moved)],
                waits = -i.open_txn, [('unbilled', i.open_txn, i.open_fn, i.moved)],
                [
                    ('unbilled', -waits, waits_fn, mapConcat(i.moved, map('missing shipment.shipped or refund.issued', -i.open_txn - waits))),
                    (i.kind, i.open_txn + waits, i.open_fn - waits_fn, mapConcat(i.moved, map('missing invoice.issued', waits)))
                ]) AS parts
        FROM items AS i
        LEFT JOIN shipments AS s ON s.legal_entity = i.legal_entity AND s.order_id = i.order_id AND s.currency = i.currency AND s.event_type = i.shipped_by
    )
SELECT
    o.legal_entity AS legal_entity, if(o.txn = 0, 'exchange at two rates leaves nothing but rounding', r.law) AS law, o.account AS account, o.role AS role,
    o.account_name AS account_name, o.side AS side, o.control_key AS control_key, o.order_id AS order_id, o.currency AS currency, o.moves AS moved, o.txn AS open_txn,
    o.functional_currency AS functional_currency, o.fn AS open_fn, o.opened_on AS opened_on, o.age_days AS age_days, if(o.txn = 0, '', r.code) AS code,
    if(o.txn = 0, 'receivable.reclassified to ROUNDING', r.missing_event) AS missing_event, if(o.txn = 0, 'Controller', r.owner) AS owner
FROM
(
    SELECT *, tupleElement(part, 1) AS part_kind, tupleElement(part, 2) AS txn, tupleElement(part, 3) AS fn, tupleElement(part, 4) AS moves
    FROM parted
    ARRAY JOIN parts AS part
) AS o
INNER JOIN open_item_rules AS r ON r.account = o.account AND r.side = o.side AND r.kind = o.part_kind
COMMENT 'reconciliation_at(until = ''2026-03''): the columns of reconciliation, as it stood at the end of a period; until = '''' is now.';

CREATE OR REPLACE VIEW reconciliation
(
    legal_entity String COMMENT 'owner of the books',
    law String COMMENT 'what must hold',
    account String COMMENT 'account code',
    role String COMMENT 'what posting rules mean by the account',
    account_name String COMMENT 'name of the account',
    side String COMMENT 'on which side it stands open: Dr or Cr',
    control_key String COMMENT 'the key that stands open; twice where two events are missing',
    order_id String COMMENT 'an order behind it',
    currency String COMMENT 'transaction currency',
    moved Map(String, Decimal(38, 4)) COMMENT 'movement by event, transaction currency, Dr +: the parts of the law; they sum to open_txn. Where two events are missing, `missing …` is what the other one would clear',
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
    legal_entity, law, account, role, account_name, side, control_key, order_id, currency, moved, open_txn, functional_currency, open_fn, opened_on, age_days, code,
    missing_event, owner
FROM reconciliation_at(until = '')
COMMENT 'Every open item, the movements that left it open, the event that is missing and whose that is. What is not here is zero.';
