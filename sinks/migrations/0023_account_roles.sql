-- Why: legal entities keep control accounts under numbers of their own, so what an open balance means goes by the role of its account, which the chart of accounts knows.

ALTER TABLE accounts_log ADD COLUMN IF NOT EXISTS role String DEFAULT '' COMMENT 'what posting rules mean by it: SHIPPED_NOT_INVOICED, RECEIVABLE, …' AFTER code;

CREATE OR REPLACE VIEW accounts
(
    code String COMMENT 'account code',
    role String COMMENT 'what posting rules mean by it: SHIPPED_NOT_INVOICED, RECEIVABLE, …; a role has as many accounts as charts give it',
    name String COMMENT 'name of the account',
    normal String COMMENT 'side on which it usually stands: DEBIT or CREDIT',
    control Bool COMMENT 'must return to zero per key when a thread is complete',
    key String COMMENT 'what the key of a control account is',
    owner String COMMENT 'team that answers for a stale balance'
)
AS SELECT
    code, role, name, normal, control, key, owner
FROM accounts_log FINAL
COMMENT 'Chart of accounts.';

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
    opened_on Date32 COMMENT 'accounting date of the first leg',
    last_on Date32 COMMENT 'accounting date of the last leg',
    age_days Int64 COMMENT 'days since the first leg',
    age_bucket String COMMENT '0-1, 2-7, 8-30, 31-90 or 91+ days'
)
AS SELECT
    t.legal_entity AS legal_entity, t.account AS account, a.role AS role, a.name AS account_name, a.owner AS owner, a.key AS key_kind, t.control_key AS control_key,
    t.some_order AS order_id, t.currency AS currency, t.txn AS balance_txn, t.functional_currency AS functional_currency, t.fn AS balance_fn,
    t.legs AS lines, t.first_on AS opened_on, t.newest_on AS last_on,
    dateDiff('day', t.first_on, toDate32(now('UTC'))) AS age_days,
    multiIf(age_days <= 1, '0-1', age_days <= 7, '2-7', age_days <= 30, '8-30', age_days <= 90, '31-90', '91+') AS age_bucket
FROM
(
    SELECT
        legal_entity, account, control_key, currency, functional_currency, max(order_id) AS some_order,
        sum(amount_txn) AS txn, sum(amount_fn) AS fn, count() AS legs, min(effective_date) AS first_on, max(effective_date) AS newest_on
    FROM journal_lines
    WHERE ledger = 'PRIMARY' AND account IN (SELECT code FROM accounts WHERE control)
    GROUP BY legal_entity, account, control_key, currency, functional_currency
    HAVING txn != 0 OR fn != 0
) AS t
LEFT JOIN accounts AS a ON a.code = t.account
COMMENT 'Open balances of control accounts by key, with age and owner. What is not here is zero.';
