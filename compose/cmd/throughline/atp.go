package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// promise is what can be promised of one SKU at one location.
type promise struct {
	SKU         string     `ch:"sku" json:"sku"`
	Location    string     `ch:"location" json:"location"`
	UOM         string     `ch:"base_uom" json:"base_uom"`
	OnHand      string     `ch:"on_hand_text" json:"on_hand"`
	Unavailable string     `ch:"unavailable_text" json:"unavailable"`
	Reserved    string     `ch:"reserved_text" json:"reserved"`
	OpenDemand  string     `ch:"open_demand_text" json:"open_demand"`
	Inbound     string     `ch:"inbound_text" json:"inbound"`
	Returns     string     `ch:"inbound_returns_text" json:"inbound_returns"` // no promise counts them
	SafetyStock string     `ch:"safety_stock_text" json:"safety_stock"`
	ATP         string     `ch:"atp_text" json:"atp"`
	Oversold    bool       `ch:"oversold" json:"oversold"`
	AsOf        *time.Time `ch:"as_of" json:"as_of"`
}

func newATPCommand(a *app) *cobra.Command {
	var location, day string
	var plan, alarms bool
	c := &cobra.Command{
		Use:   "atp SKU | atp --alarms",
		Short: "Show what of a SKU is available to promise, per location",
		Long: "ATP is on hand less unavailable, reserved, open demand and safety stock: what can be promised now. What can be promised for a day (--at) counts what is due by " +
			"then and takes nothing from a later promise; --plan shows the days on which something is due. The exit status is 1 where nothing is known of the SKU. --alarms lists the\n" +
			"shelves of any SKU that promise more than they hold, or cannot be as they are; the exit status is 1 where there are some.",
		Example: "  throughline atp 85123A\n  throughline atp 85123A --location WH1 -o json\n  throughline atp 85123A --at 2026-03-16\n  throughline atp 85123A --plan\n  throughline atp --alarms",
		Args: func(c *cobra.Command, args []string) error {
			if alarms && len(args) == 0 {
				return nil
			}
			if alarms {
				return usage(fmt.Errorf("--alarms lists the shelves of every SKU: leave %q out, or the flag", args[0]))
			}
			return oneArgument("one SKU, or --alarms alone")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				if plan || day != "" {
					return usage(errors.New("--alarms speaks of now: leave --plan and --at out, or name one SKU"))
				}
				return a.showStockAlarms(c.Context(), location)
			}
			q := atpQuery{sku: args[0], location: location}
			switch {
			case plan && day != "":
				return usage(errors.New("--plan shows every day; say --at for one of them, not both"))
			case plan:
				return a.showStockPlan(c.Context(), q)
			case day == "":
				return a.showPromises(c.Context(), q)
			}
			at, err := time.Parse(time.DateOnly, day)
			if err != nil {
				return usage(fmt.Errorf("--at %q is no day: say it as 2026-03-16", day))
			}
			return a.showDay(c.Context(), q, at.Format(time.DateOnly))
		},
	}
	c.Flags().StringVar(&location, "location", "", "only this location")
	c.Flags().StringVar(&day, "at", "", "what can be promised for this day, 2026-03-16")
	c.Flags().BoolVar(&plan, "plan", false, "the days on which something is due, and what can be promised for each")
	c.Flags().BoolVar(&alarms, "alarms", false, "the shelves of any SKU that promise more than they hold, or cannot be as they are")
	return c
}

type atpQuery struct{ sku, location string }

func (q atpQuery) where() (clause string, params []any) {
	conditions, params := []string{"sku = {sku:String}"}, []any{param("sku", q.sku)}
	if q.location != "" {
		conditions, params = append(conditions, "location = {location:String}"), append(params, param("location", q.location))
	}
	return where(conditions), params
}

// unknown is what is said where no row is found.
func (q atpQuery) unknown() error {
	return found(fmt.Errorf("no stock of SKU %s has ever moved%s: is it spelt as in the events, capitals included?", q.sku, at(q.location)))
}

func (a *app) showPromises(ctx context.Context, q atpQuery) error {
	clause, params := q.where()
	lines, err := rowsOf[promise](ctx, a, "available to promise", `SELECT sku, location, base_uom, toString(on_hand) AS on_hand_text, toString(unavailable) AS unavailable_text,
		toString(reserved) AS reserved_text, toString(open_demand) AS open_demand_text, toString(inbound) AS inbound_text, toString(inbound_returns) AS inbound_returns_text,
		toString(safety_stock) AS safety_stock_text, toString(atp) AS atp_text, oversold, as_of FROM atp`+clause+" ORDER BY location", params...)
	if err != nil {
		return err
	}
	if err := a.print(lines, func(w io.Writer) { writePromises(w, lines) }); err != nil || len(lines) > 0 {
		return err
	}
	return q.unknown()
}

func at(location string) string {
	if location == "" {
		return ""
	}
	return " at " + location
}

func writePromises(w io.Writer, lines []promise) {
	if len(lines) == 0 {
		return
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		note := ""
		if l.Oversold {
			note = "oversold"
		}
		rows[i] = []string{l.Location, l.OnHand, l.Unavailable, l.Reserved, l.OpenDemand, l.SafetyStock, l.ATP, l.UOM, l.Inbound, l.Returns, note}
	}
	right(rows, 1, 2, 3, 4, 5, 6, 8, 9)
	table(w, []string{"location", "on hand", "unavailable", "reserved", "open demand", "safety", "atp", "unit", "inbound", "returns", ""}, rows)
}
