package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// verification is the outcome of comparing ClickHouse with the company's second calculation.
type verification struct {
	Equal       bool         `json:"equal"`
	Balances    int          `json:"balances"`  // compared
	Positions   int          `json:"positions"` // compared
	Differences []difference `json:"differences"`
}

// difference is a number that is not what it must be.
type difference struct {
	What string `json:"what"`
	Got  string `json:"got"`
	Want string `json:"want"`
}

// verifyCompany compares the movements of every account and period, and the stock of every SKU and location, with what the company expects.
func (a *app) verifyCompany(ctx context.Context, company *simulate.Company) error {
	conn, err := a.clickhouse(ctx)
	if err != nil {
		return err
	}
	want := company.Expected()
	v := verification{Differences: []difference{}}
	got, err := amounts(ctx, conn, "SELECT concat('account ', account, ' in ', period), toString(sum(balance)) FROM trial_balance WHERE legal_entity = ? GROUP BY account, period",
		simulate.Entity)
	if err != nil {
		return fmt.Errorf("reading the trial balance: %w", err)
	}
	expected := map[string]schemas.Decimal{}
	for period, accounts := range want.Periods {
		for account, amount := range accounts {
			expected["account "+account+" in "+period] = amount
		}
	}
	v.Balances = len(expected)
	v.compare(got, expected)
	if got, err = stock(ctx, conn); err != nil {
		return fmt.Errorf("reading the stock: %w", err)
	}
	expected = map[string]schemas.Decimal{}
	for shelf, p := range want.Positions {
		for bucket, n := range map[string]schemas.Decimal{"on_hand": p.OnHand, "unavailable": p.Unavailable, "reserved": p.Reserved, "open_demand": p.OpenDemand} {
			expected[shelf.SKU+" at "+shelf.Location+" "+bucket] = n
		}
	}
	v.Positions = len(want.Positions)
	v.compare(got, expected)
	v.Equal = len(v.Differences) == 0
	var different error
	if !v.Equal {
		different = found(fmt.Errorf("%d numbers differ from the second calculation; has the system seen other events of %s?", len(v.Differences), simulate.Entity))
	}
	return errors.Join(a.print(v, v.write), different)
}

func stock(ctx context.Context, conn driver.Conn) (map[string]schemas.Decimal, error) {
	return amounts(ctx, conn, `SELECT concat(sku, ' at ', location, ' ', bucket.1), toString(bucket.2) FROM stock_positions AS p
		ARRAY JOIN [('on_hand', p.on_hand), ('unavailable', p.unavailable), ('reserved', p.reserved), ('open_demand', p.open_demand)] AS bucket`)
}

func amounts(ctx context.Context, conn driver.Conn, query string, args ...any) (map[string]schemas.Decimal, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]schemas.Decimal{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		if all[name], err = schemas.ParseDecimal(text); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// compare notes what differs; what is on one side only counts as zero on the other.
func (v *verification) compare(got, want map[string]schemas.Decimal) {
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, both := want[name]; !both {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		g, w := got[name], want[name]
		if !g.Equal(w) && !(g.IsZero() && w.IsZero()) {
			v.Differences = append(v.Differences, difference{name, g.Text(), w.Text()})
		}
	}
}

func (v *verification) write(w io.Writer) {
	if v.Equal {
		fmt.Fprintf(w, "equal to the second calculation: %d movements of accounts, %d positions\n", v.Balances, v.Positions)
		return
	}
	rows := make([][]string, 0, len(v.Differences))
	for _, d := range v.Differences {
		rows = append(rows, []string{d.What, d.Got, d.Want})
	}
	table(w, []string{"what", "got", "want"}, rows)
}
