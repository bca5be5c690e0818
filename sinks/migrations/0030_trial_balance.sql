-- Why: entries have few shapes. Adding up those of one shape leg by leg, before legs are taken apart, makes a year's trial balance three times as fast as taking every entry apart.

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
    SELECT legal_entity, period, account, functional_currency, sum(leg_debit) AS debits, -sum(leg_credit) AS credits
    FROM
    (
        SELECT
            legal_entity, period, functional_currency, account AS accounts,
            sumForEach(arrayMap(x -> greatest(x, toDecimal128(0, 4)), amount_fn)) AS leg_debits,
            sumForEach(arrayMap(x -> least(x, toDecimal128(0, 4)), amount_fn)) AS leg_credits
        FROM journal_lines_log FINAL
        WHERE ledger = 'PRIMARY'
        GROUP BY legal_entity, period, functional_currency, accounts
    )
    ARRAY JOIN accounts AS account, leg_debits AS leg_debit, leg_credits AS leg_credit
    GROUP BY legal_entity, period, account, functional_currency
) AS t
LEFT JOIN accounts AS a ON a.code = t.account
COMMENT 'Movements of each account in each period, in functional currency.';
