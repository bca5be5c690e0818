package main

import (
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
	SafetyStock string     `ch:"safety_stock_text" json:"safety_stock"`
	ATP         string     `ch:"atp_text" json:"atp"`
	Oversold    bool       `ch:"oversold" json:"oversold"`
	AsOf        *time.Time `ch:"as_of" json:"as_of"`
}

func newATPCommand(a *app) *cobra.Command {
	var location string
	c := &cobra.Command{
		Use:     "atp SKU",
		Short:   "Show what of a SKU is available to promise, per location",
		Long:    "ATP is on hand less unavailable, reserved, open demand and safety stock. The exit status is 1 where nothing is known of the SKU.",
		Example: "  throughline atp 85123A\n  throughline atp 85123A --location WH1 -o json",
		Args:    oneArgument("one SKU"),
		RunE: func(c *cobra.Command, args []string) error {
			conditions, params := []string{"sku = {sku:String}"}, []any{param("sku", args[0])}
			if location != "" {
				conditions, params = append(conditions, "location = {location:String}"), append(params, param("location", location))
			}
			lines, err := rowsOf[promise](c.Context(), a, "available to promise", `SELECT sku, location, base_uom, toString(on_hand) AS on_hand_text, toString(unavailable) AS unavailable_text,
				toString(reserved) AS reserved_text, toString(open_demand) AS open_demand_text, toString(inbound) AS inbound_text, toString(safety_stock) AS safety_stock_text,
				toString(atp) AS atp_text, oversold, as_of FROM atp`+where(conditions)+" ORDER BY location", params...)
			if err != nil {
				return err
			}
			if err := a.print(lines, func(w io.Writer) { writePromises(w, lines) }); err != nil || len(lines) > 0 {
				return err
			}
			return found(fmt.Errorf("no stock of SKU %s has ever moved%s: is it spelt as in the events, capitals included?", args[0], at(location)))
		},
	}
	c.Flags().StringVar(&location, "location", "", "only this location")
	return c
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
		rows[i] = []string{l.Location, l.OnHand, l.Unavailable, l.Reserved, l.OpenDemand, l.SafetyStock, l.ATP, l.UOM, l.Inbound, note}
	}
	right(rows, 1, 2, 3, 4, 5, 6, 8)
	table(w, []string{"location", "on hand", "unavailable", "reserved", "open demand", "safety", "atp", "unit", "inbound", ""}, rows)
}
