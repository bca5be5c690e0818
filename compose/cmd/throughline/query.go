package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/sinks"
)

// param binds a value to {name:Type} of a statement: nothing that an operator types becomes SQL.
func param(name, value string) any { return driver.NamedValue{Name: name, Value: value} }

// rowsOf reads every row of a query into a struct, by the columns' names (tags `ch`).
func rowsOf[T any](ctx context.Context, a *app, what, statement string, params ...any) ([]T, error) {
	conn, err := a.clickhouse(ctx)
	if err != nil {
		return nil, err
	}
	all := []T{} // JSON prints [], not null
	if err := conn.Select(ctx, &all, statement, params...); err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, sinks.Explain(err))
	}
	return all, nil
}

// where joins conditions.
func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

// right pads numbers to one width, so that their decimal points stand under each other.
func right(rows [][]string, columns ...int) {
	for _, c := range columns {
		width := 0
		for _, r := range rows {
			width = max(width, len(r[c]))
		}
		for _, r := range rows {
			r[c] = strings.Repeat(" ", width-len(r[c])) + r[c]
		}
	}
}
