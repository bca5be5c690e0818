-- Why: a key that was zero and is open again is as old as what opened it again, not as the first thing that ever moved it; and what stood open at the end of a period had its age then.

CREATE OR REPLACE VIEW control_accounts
(
    legal_entity String COMMENT 'owner of the books',
    account String COMMENT 'account code',
    role String COMMENT 'what posting rules mean by the account',
    account_name String COMMENT 'name of the account',
    owner String COMMENT 'team that must look at it',
    key_kind String COMMENT 'what the key is: payment, order, credit memo, …',
    control_key String COMMENT 'the key by which it must return to zero',
    order_id String COMMENT 'an order behind it',
    currency String COMMENT 'transaction currency',
    balance_txn Decimal(38, 4) COMMENT 'open balance in transaction currency, Dr +',
    functional_currency String COMMENT 'currency of the legal entity',
    balance_fn Decimal(38, 4) COMMENT 'open balance in functional currency, Dr +',
    lines UInt64 COMMENT 'legs behind it',
    opened_on Date32 COMMENT 'accounting date on which the balance last left zero',
    last_on Date32 COMMENT 'accounting date of the last leg',
    age_days Int64 COMMENT 'days since the balance last left zero',
    age_bucket String COMMENT '0-1, 2-7, 8-30, 31-90 or 91+ days'
)
AS WITH
    arraySort(x -> tupleElement(x, 1), t.legs) AS sorted,
    arrayMap(x -> tupleElement(x, 1), sorted) AS days,
    arrayCumSum(arrayMap(x -> tupleElement(x, 2), sorted)) AS running_txn,
    arrayCumSum(arrayMap(x -> tupleElement(x, 3), sorted)) AS running_fn,
    -- The last leg of the last day that ended at zero; what opened it stands behind. Where only exchange has left something, zero is zero in both currencies.
    arrayLastIndex(
        (on_day, next_day, in_txn, in_fn) -> on_day != next_day AND in_txn = 0 AND (t.txn != 0 OR in_fn = 0),
        days, arrayShiftLeft(days, 1), running_txn, running_fn) AS settled
SELECT
    t.legal_entity AS legal_entity, t.account AS account, a.role AS role, a.name AS account_name, a.owner AS owner, a.key AS key_kind, t.control_key AS control_key,
    t.some_order AS order_id, t.currency AS currency, t.txn AS balance_txn, t.functional_currency AS functional_currency, t.fn AS balance_fn,
    length(t.legs) AS lines, days[settled + 1] AS opened_on, days[-1] AS last_on,
    dateDiff('day', opened_on, toDate32(now('UTC'))) AS age_days,
    multiIf(age_days <= 1, '0-1', age_days <= 7, '2-7', age_days <= 30, '8-30', age_days <= 90, '31-90', '91+') AS age_bucket
FROM
(
    SELECT
        legal_entity, account, control_key, currency, functional_currency, max(order_id) AS some_order, sum(amount_txn) AS txn, sum(amount_fn) AS fn,
        groupArray((effective_date, amount_txn, amount_fn)) AS legs
    FROM journal_lines
    WHERE ledger = 'PRIMARY' AND account IN (SELECT code FROM accounts WHERE control)
    GROUP BY legal_entity, account, control_key, currency, functional_currency
    HAVING txn != 0 OR fn != 0
) AS t
LEFT JOIN accounts AS a ON a.code = t.account
COMMENT 'Open balances of control accounts by key, with age and owner. What is not here is zero.';

CREATE OR REPLACE VIEW open_items
AS WITH
    arraySort(x -> tupleElement(x, 1), t.legs) AS sorted,
    arrayMap(x -> tupleElement(x, 1), sorted) AS days,
    arrayCumSum(arrayMap(x -> tupleElement(x, 2), sorted)) AS running_txn,
    arrayCumSum(arrayMap(x -> tupleElement(x, 3), sorted)) AS running_fn,
    arrayLastIndex(
        (on_day, next_day, in_txn, in_fn) -> on_day != next_day AND in_txn = 0 AND (t.txn != 0 OR in_fn = 0),
        days, arrayShiftLeft(days, 1), running_txn, running_fn) AS settled,
    if({until:String} = '', toDate32(now('UTC')), least(toDate32(now('UTC')), toDate32(toLastDayOfMonth(toDate32OrZero(concat({until:String}, '-01')))))) AS as_of,
    if(a.role = 'PSP_CLEARING' AND startsWith(t.control_key, 'batch:'), 'batch', '') AS kind_of_key,
    moved['payment.captured'] + moved['gift_card.sold'] AS captured,
    moved['refund.issued'] + moved['refund.failed'] + moved['dispute.opened'] + moved['dispute.won'] AS given_back
SELECT
    t.legal_entity AS legal_entity, t.account AS account, a.role AS role, a.name AS account_name, t.control_key AS control_key,
    multiIf(
        kind_of_key = 'batch', if(open_txn != 0 AND sign(open_txn) = sign(moved['payout.paid'] + moved['payout.failed']), 'overpaid batch', 'batch'),
        role != 'PSP_CLEARING' OR side = 'Dr', kind_of_key,
        -moved['payment.settled'] > captured OR captured = 0 AND given_back = 0, 'uncaptured',
        kind_of_key) AS kind,
    if(open_fn > 0 OR open_fn = 0 AND open_txn > 0, 'Dr', 'Cr') AS side, t.some_order AS order_id, t.currency AS currency,
    arrayReduce('sumMap', arrayMap(x -> map(tupleElement(x, 4), tupleElement(x, 2)), t.legs)) AS moved,
    t.txn AS open_txn, t.functional_currency AS functional_currency, t.fn AS open_fn, days[settled + 1] AS opened_on, dateDiff('day', opened_on, as_of) AS age_days
FROM
(
    SELECT
        legal_entity, account, control_key, currency, functional_currency, max(order_id) AS some_order, sum(amount_txn) AS txn, sum(amount_fn) AS fn,
        groupArray((effective_date, amount_txn, amount_fn, event_type)) AS legs
    FROM journal_lines
    WHERE ledger = 'PRIMARY' AND account IN (SELECT account FROM open_item_rules) AND ({until:String} = '' OR period <= {until:String})
    GROUP BY legal_entity, account, control_key, currency, functional_currency
    HAVING txn != 0 OR fn != 0
) AS t
INNER JOIN accounts AS a ON a.code = t.account
COMMENT 'open_items(until = ''2026-03''): balances of accounts that must return to zero which stood open at the end of a period, by key, with what moved them and their age then; until = '''' is now.';

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
    opened_on Date32 COMMENT 'accounting date on which the balance last left zero',
    age_days Int64 COMMENT 'days since the balance last left zero',
    code String COMMENT 'exception of domain.md §4.3; empty: an open item like any other',
    missing_event String COMMENT 'event that would clear it',
    owner String COMMENT 'team whose it is'
)
AS SELECT
    legal_entity, law, account, role, account_name, side, control_key, order_id, currency, moved, open_txn, functional_currency, open_fn, opened_on, age_days, code,
    missing_event, owner
FROM reconciliation_at(until = '')
COMMENT 'Every open item, the movements that left it open, the event that is missing and whose that is. What is not here is zero.';
