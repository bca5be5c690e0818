-- Why: balances need names and owners, and the chart of accounts lives in the program.

CREATE TABLE IF NOT EXISTS accounts_log
(
    code String COMMENT 'account code',
    name String COMMENT 'name of the account',
    normal String COMMENT 'side on which it usually stands: DEBIT or CREDIT',
    control Bool COMMENT 'must return to zero per key when a thread is complete',
    key String COMMENT 'what the key of a control account is',
    owner String COMMENT 'team that answers for a stale balance',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when ClickHouse took the row; a repetition sets it anew'
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (code)
COMMENT 'Chart of accounts as loaded; read accounts.';

CREATE OR REPLACE VIEW accounts
(
    code String COMMENT 'account code',
    name String COMMENT 'name of the account',
    normal String COMMENT 'side on which it usually stands: DEBIT or CREDIT',
    control Bool COMMENT 'must return to zero per key when a thread is complete',
    key String COMMENT 'what the key of a control account is',
    owner String COMMENT 'team that answers for a stale balance'
)
AS SELECT
    code, name, normal, control, key, owner
FROM accounts_log FINAL
COMMENT 'Chart of accounts.';
