package main

import (
	"context"
	"io"
	"time"
)

// planned is a day on which something of a SKU is due at a location, and what that leaves to promise (domain.md §3.2).
type planned struct {
	SKU        string     `ch:"sku" json:"sku"`
	Location   string     `ch:"location" json:"location"`
	UOM        string     `ch:"base_uom" json:"base_uom"`
	Day        *time.Time `ch:"due_date" json:"-"` // null: before all days
	Due        string     `json:"due_date,omitempty"`
	Inbound    string     `ch:"inbound_text" json:"inbound"`
	Demand     string     `ch:"demand_text" json:"demand"`
	Projected  string     `ch:"projected_text" json:"projected"`
	Cumulative string     `ch:"cumulative_text" json:"cumulative"` // can be promised for the day, and for all days up to the next
}

const selectPlan = `SELECT sku, location, base_uom, due_date, toString(inbound) AS inbound_text, toString(demand) AS demand_text, toString(projected) AS projected_text,
	toString(cumulative) AS cumulative_text FROM stock_plan`

// showStockPlan shows every day on which something is due.
func (a *app) showStockPlan(ctx context.Context, q atpQuery) error {
	clause, params := q.where()
	lines, err := a.stockPlan(ctx, selectPlan+clause+" ORDER BY location, due_date NULLS FIRST", params...)
	if err != nil {
		return err
	}
	if err := a.print(lines, func(w io.Writer) { writeStockPlan(w, lines) }); err != nil || len(lines) > 0 {
		return err
	}
	return q.unknown()
}

func (a *app) stockPlan(ctx context.Context, statement string, params ...any) ([]planned, error) {
	lines, err := rowsOf[planned](ctx, a, "the plan of stock", statement, params...)
	for i := range lines {
		if d := lines[i].Day; d != nil {
			lines[i].Due = d.Format(time.DateOnly)
		}
	}
	return lines, err
}

func writeStockPlan(w io.Writer, lines []planned) {
	rows := make([][]string, len(lines))
	for i, l := range lines {
		day := l.Due
		if day == "" {
			day = "now"
		}
		rows[i] = []string{l.Location, day, l.Inbound, l.Demand, l.Projected, l.Cumulative, l.UOM}
	}
	right(rows, 2, 3, 4, 5)
	table(w, []string{"location", "day", "inbound", "demand", "projected", "can promise", "unit"}, rows)
}

// promisedFor is what can be promised of a SKU at a location for one day.
type promisedFor struct {
	SKU        string `ch:"sku" json:"sku"`
	Location   string `ch:"location" json:"location"`
	UOM        string `ch:"base_uom" json:"base_uom"`
	Day        string `ch:"day" json:"day"`
	Projected  string `ch:"projected_text" json:"projected"`
	Cumulative string `ch:"cumulative_text" json:"cumulative"`
}

// showDay shows what stands on one day: the plan is a step function, so that the last day of it up to then says it.
func (a *app) showDay(ctx context.Context, q atpQuery, day string) error {
	clause, params := q.where()
	lines, err := rowsOf[promisedFor](ctx, a, "the plan of stock", `SELECT sku, location, base_uom, {day:String} AS day,
		toString(argMax(projected, ifNull(due_date, toDate32('1900-01-01')))) AS projected_text, toString(argMax(cumulative, ifNull(due_date, toDate32('1900-01-01')))) AS cumulative_text
		FROM (SELECT * FROM stock_plan`+clause+`) WHERE ifNull(due_date <= toDate32({day:String}), true) GROUP BY sku, location, base_uom ORDER BY location`, append(params, param("day", day))...)
	if err != nil {
		return err
	}
	if err := a.print(lines, func(w io.Writer) { writeDay(w, lines) }); err != nil || len(lines) > 0 {
		return err
	}
	return q.unknown()
}

func writeDay(w io.Writer, lines []promisedFor) {
	if len(lines) == 0 {
		return
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{l.Location, l.Day, l.Projected, l.Cumulative, l.UOM}
	}
	right(rows, 2, 3)
	table(w, []string{"location", "day", "projected", "can promise", "unit"}, rows)
}
