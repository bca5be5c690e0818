-- Why: an entity may keep any control account under a number of its own; laws speak of roles, and each account of a role is under the law.

CREATE OR REPLACE VIEW open_item_rules
(
    account String COMMENT 'account code; a role has as many as charts give it',
    role String COMMENT 'what posting rules mean by the account',
    side String COMMENT 'on which side it stands open: Dr or Cr',
    kind String COMMENT 'kind of key that it is about; empty: every other',
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

CREATE OR REPLACE VIEW control_movements
(
    legal_entity String COMMENT 'owner of the books',
    period String COMMENT 'accounting period of the movement',
    account String COMMENT 'account code: receivables, suspense, and every control account',
    role String COMMENT 'what posting rules mean by the account',
    account_name String COMMENT 'name of the account',
    control_key String COMMENT 'the key by which it must return to zero',
    kind String COMMENT 'kind of the key, as in open_item_rules',
    event_type String COMMENT 'event that moved it',
    order_id String COMMENT 'an order behind it',
    currency String COMMENT 'transaction currency',
    amount_txn Decimal(38, 4) COMMENT 'movement in transaction currency, Dr +',
    functional_currency String COMMENT 'currency of the legal entity',
    amount_fn Decimal(38, 4) COMMENT 'movement in functional currency, Dr +',
    first_on Date32 COMMENT 'accounting date of the first leg',
    last_on Date32 COMMENT 'accounting date of the last leg',
    owner String COMMENT 'team that answers for the account'
)
AS SELECT
    t.legal_entity AS legal_entity, t.period AS period, t.account AS account, a.role AS role, a.name AS account_name, t.control_key AS control_key,
    if(a.role = 'PSP_CLEARING' AND startsWith(t.control_key, 'batch:'), 'batch', '') AS kind, t.event_type AS event_type, t.some_order AS order_id, t.currency AS currency,
    t.txn AS amount_txn, t.functional_currency AS functional_currency, t.fn AS amount_fn, t.oldest_on AS first_on, t.newest_on AS last_on, a.owner AS owner
FROM
(
    SELECT
        legal_entity, period, account, control_key, event_type, max(order_id) AS some_order, currency, sum(amount_txn) AS txn, functional_currency,
        sum(amount_fn) AS fn, min(effective_date) AS oldest_on, max(effective_date) AS newest_on
    FROM journal_lines
    WHERE ledger = 'PRIMARY' AND account IN (SELECT account FROM open_item_rules)
    GROUP BY legal_entity, period, account, control_key, event_type, currency, functional_currency
) AS t
INNER JOIN accounts AS a ON a.code = t.account
COMMENT 'What moved accounts that must return to zero, by key, period and event: the roll-forward behind every open item.';

CREATE OR REPLACE VIEW reconciliation
(
    legal_entity String COMMENT 'owner of the books',
    law String COMMENT 'what must hold',
    account String COMMENT 'account code',
    role String COMMENT 'what posting rules mean by the account',
    account_name String COMMENT 'name of the account',
    side String COMMENT 'on which side it stands open: Dr or Cr',
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
    legal_entity, if(open_txn = 0, 'exchange at two rates leaves nothing but rounding', r.law) AS law, o.account AS account, o.role AS role, account_name, o.side AS side,
    control_key, order_id, currency, moved, open_txn, functional_currency, open_fn, opened_on, dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days,
    if(open_txn = 0, '', r.code) AS code, if(open_txn = 0, 'receivable.reclassified to ROUNDING', r.missing_event) AS missing_event, if(open_txn = 0, 'Controller', r.owner) AS owner
FROM
(
    SELECT
        legal_entity, m.account AS account, any(m.role) AS role, any(m.account_name) AS account_name, control_key, any(m.kind) AS kind, max(m.order_id) AS order_id, currency,
        sumMap(map(event_type, m.amount_txn)) AS moved, sum(m.amount_txn) AS open_txn, functional_currency, sum(m.amount_fn) AS open_fn, min(first_on) AS opened_on,
        if(open_fn > 0 OR open_fn = 0 AND open_txn > 0, 'Dr', 'Cr') AS side
    FROM control_movements AS m
    GROUP BY legal_entity, account, control_key, currency, functional_currency
    HAVING open_txn != 0 OR open_fn != 0
) AS o
INNER JOIN open_item_rules AS r ON r.account = o.account AND r.side = o.side AND r.kind = o.kind
COMMENT 'Every open item, the movements that left it open, the event that is missing and whose that is. What is not here is zero.';
