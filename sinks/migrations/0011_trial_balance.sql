-- Why: the first question of a controller: what moved in a period, by account.

CREATE OR REPLACE VIEW trial_balance
(
    legal_entity String COMMENT 'owner of the books',
    period String COMMENT 'accounting period, 2011-03',
    account String COMMENT 'account code',
    account_name String COMMENT 'name of the account',
    currency String COMMENT 'functional currency of the legal entity',
    debit Decimal(38, 4) COMMENT 'sum of its debits',
    credit Decimal(38, 4) COMMENT 'sum of its credits',
    balance Decimal(38, 4) COMMENT 'debit - credit'
)
AS SELECT
    t.legal_entity AS legal_entity, t.period AS period, t.account AS account, a.name AS account_name, t.functional_currency AS currency,
    t.debits AS debit, t.credits AS credit, debit - credit AS balance
FROM
(
    SELECT
        legal_entity, period, account, functional_currency,
        sumIf(amount_fn, amount_fn > 0) AS debits, -sumIf(amount_fn, amount_fn < 0) AS credits
    FROM journal_lines
    WHERE ledger = 'PRIMARY'
    GROUP BY legal_entity, period, account, functional_currency
) AS t
LEFT JOIN accounts AS a ON a.code = t.account
COMMENT 'Movements of each account in each period, in functional currency.';
