-- Why: what is settled in its own currency and leaves cents in the books' is no missing payout: rounding left it, and a functional-only reclassification takes it off.

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
    legal_entity, if(open_txn = 0, 'exchange at two rates leaves nothing but rounding', r.law) AS law, account, control_key, order_id, currency, moved, open_txn, functional_currency, open_fn, opened_on,
    dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days, if(open_txn = 0, '', r.code) AS code,
    if(open_txn = 0, 'receivable.reclassified to ROUNDING', r.missing_event) AS missing_event, if(open_txn = 0, 'Controller', r.owner) AS owner
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
