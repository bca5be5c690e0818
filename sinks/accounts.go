package sinks

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Account is one line of the chart of accounts, as the caller of Migrate gives it (domain.md §2.2).
type Account struct {
	Code    string // 1050
	Role    string // PSP_CLEARING: what rules mean by it, and what an open balance there means
	Name    string // PSP clearing
	Normal  string // DEBIT or CREDIT: the side on which it usually stands
	Control bool   // must return to zero per key when a thread is complete
	Key     string // what the key of a control account is: payment, order, credit memo, …
	Owner   string // the team that answers for a stale balance
}

func accountColumns() []Column {
	return []Column{{"code", chText}, {"role", chText}, {"name", chText}, {"normal", chText}, {"control", chBool}, {"key", chText}, {"owner", chText}}
}

// loadAccounts writes the chart; the newest version of a code stands.
func loadAccounts(ctx context.Context, conn driver.Conn, accounts []Account) error {
	b, err := NewBlock(accountColumns())
	if err != nil {
		return err
	}
	for _, a := range accounts {
		b.Str(a.Code)
		b.Str(a.Role)
		b.Str(a.Name)
		b.Str(a.Normal)
		b.Bool(a.Control)
		b.Str(a.Key)
		b.Str(a.Owner)
		b.Row(1)
	}
	if err := Insert(ctx, conn, "accounts_log", b, accountColumns()); err != nil {
		return fmt.Errorf("loading the chart of accounts: %w", err)
	}
	return nil
}
