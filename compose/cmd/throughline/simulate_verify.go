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
	"github.com/throughline/throughline/producers/simulate/oracle"
	"github.com/throughline/throughline/schemas"
)

// verification is the outcome of comparing ClickHouse with the company's second calculation.
type verification struct {
	Equal       bool         `json:"equal"`
	Balances    int          `json:"balances"`  // compared
	Positions   int          `json:"positions"` // compared
	Lines       int          `json:"lines"`     // of orders, compared; 0 with --lives
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
	if err := v.orderLines(ctx, conn, want.Lines); err != nil {
		return fmt.Errorf("reading the conservation of order lines: %w", err)
	}
	v.Equal = len(v.Differences) == 0
	var different error
	if !v.Equal {
		different = found(fmt.Errorf("%d numbers differ from the second calculation; has the system seen other events of %s?", len(v.Differences), simulate.Entity))
	}
	return errors.Join(a.print(v, v.write), different)
}

// orderLines compares what became of each line with what the company expects, and holds it to account where a law is broken. A company of lives is calculated
// by the dozen, and knows no line of its own.
func (v *verification) orderLines(ctx context.Context, conn driver.Conn, want map[oracle.Line]oracle.Units) error {
	if want == nil {
		return nil
	}
	got, err := amounts(ctx, conn, `SELECT concat('line ', order_line_id, ' of order ', order_id, ' ', quantity.1), toString(quantity.2) FROM order_conservation
		ARRAY JOIN [('ordered', ordered), ('shipped', shipped), ('cancelled', cancelled), ('open', open), ('invoiced', invoiced), ('unbilled', unbilled), ('credited', credited),
			('returned', returned), ('gap', gap), ('stock_gap', stock_gap)] AS quantity WHERE legal_entity = ?`, simulate.Entity)
	if err != nil {
		return err
	}
	expected := map[string]schemas.Decimal{}
	for line, u := range want {
		for quantity, n := range map[string]schemas.Decimal{"ordered": u.Ordered, "shipped": u.Shipped, "cancelled": u.Cancelled, "open": u.Ordered.Sub(u.Shipped).Sub(u.Cancelled),
			"invoiced": u.Invoiced, "unbilled": u.Shipped.Sub(u.Invoiced).Add(u.CreditedUnshipped), "credited": u.Credited, "returned": u.Returned} {
			expected["line "+line.Line+" of order "+line.Order+" "+quantity] = n
		}
	}
	v.Lines = len(want)
	v.compare(got, expected)
	return nil
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
		fmt.Fprintf(w, "equal to the second calculation: %d movements of accounts, %d positions, %d order lines\n", v.Balances, v.Positions, v.Lines)
		return
	}
	rows := make([][]string, 0, len(v.Differences))
	for _, d := range v.Differences {
		rows = append(rows, []string{d.What, d.Got, d.Want})
	}
	table(w, []string{"what", "got", "want"}, rows)
}
