-- Why: a refund or dispute that waits for its settlement, and a negative batch that waits for its negative payout, stand in credit as a payment does that was never captured; which event is missing shows in what moved them.

CREATE OR REPLACE VIEW open_item_rules
(
    account String COMMENT 'account code; a role has as many accounts as charts give it',
    role String COMMENT 'what posting rules mean by the account',
    side String COMMENT 'on which side it stands open: Dr or Cr',
    kind String COMMENT 'kind of key or balance that it is about; empty: every other',
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
    ('PSP_CLEARING', 'Cr', '', 'captured = settled + refunded + fees', 'E5', 'payment.settled of the refund or dispute', 'Payments ops'),
    ('PSP_CLEARING', 'Cr', 'uncaptured', 'captured = settled + refunded + fees', 'E5', 'payment.captured', 'Payments ops'),
    ('PSP_CLEARING', 'Dr', 'batch', 'settlement batch = payouts', 'E5', 'payout.paid', 'Payments ops'),
    ('PSP_CLEARING', 'Cr', 'batch', 'settlement batch = payouts', 'E5', 'payout.paid', 'Payments ops'),
    ('PSP_CLEARING', 'Dr', 'overpaid batch', 'settlement batch = payouts', 'E5', 'payment.settled', 'Payments ops'),
    ('PSP_CLEARING', 'Cr', 'overpaid batch', 'settlement batch = payouts', 'E5', 'payment.settled', 'Payments ops'),
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
    legal_entity, m.account AS account, any(m.role) AS role, any(m.account_name) AS account_name, control_key,
    multiIf(
        any(m.kind) = 'batch', if(open_txn != 0 AND sign(open_txn) = sign(moved['payout.paid'] + moved['payout.failed']), 'overpaid batch', 'batch'),
        role != 'PSP_CLEARING' OR side = 'Dr', any(m.kind),
        -moved['payment.settled'] > captured OR captured = 0 AND given_back = 0, 'uncaptured',
        any(m.kind)) AS kind,
    if(open_fn > 0 OR open_fn = 0 AND open_txn > 0, 'Dr', 'Cr') AS side, max(m.order_id) AS order_id, currency,
    sumMap(map(event_type, m.amount_txn)) AS moved,
    moved['payment.captured'] + moved['gift_card.sold'] AS captured,
    moved['refund.issued'] + moved['refund.failed'] + moved['dispute.opened'] + moved['dispute.won'] AS given_back,
    sum(m.amount_txn) AS open_txn, functional_currency, sum(m.amount_fn) AS open_fn,
    min(first_on) AS opened_on, dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days
FROM control_movements AS m
WHERE {until:String} = '' OR period <= {until:String}
GROUP BY legal_entity, account, control_key, currency, functional_currency
HAVING open_txn != 0 OR open_fn != 0
COMMENT 'open_items(until = ''2026-03''): balances of accounts that must return to zero which stood open at the end of a period, by key, with what moved them; until = '''' is now.';
