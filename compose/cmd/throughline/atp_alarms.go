package main

import (
	"context"
	"fmt"
	"io"
)

// stockAlarm is a shelf that promises more than it holds, or cannot be as it is.
type stockAlarm struct {
	SKU         string `ch:"sku" json:"sku"`
	Location    string `ch:"location" json:"location"`
	UOM         string `ch:"base_uom" json:"base_uom"`
	OnHand      string `ch:"on_hand_text" json:"on_hand"`
	Unavailable string `ch:"unavailable_text" json:"unavailable"`
	Reserved    string `ch:"reserved_text" json:"reserved"`
	OpenDemand  string `ch:"open_demand_text" json:"open_demand"`
	Inbound     string `ch:"inbound_text" json:"inbound"`
	Returns     string `ch:"inbound_returns_text" json:"inbound_returns"`
	ATP         string `ch:"atp_text" json:"atp"`
	Alarm       string `ch:"alarm" json:"alarm"`
	Code        string `ch:"code" json:"code"`
	Owner       string `ch:"owner" json:"owner"`
}

func (a *app) showStockAlarms(ctx context.Context, location string) error {
	alarms, err := rowsOf[stockAlarm](ctx, a, "stock alarms", `SELECT sku, location, base_uom, toString(on_hand) AS on_hand_text, toString(unavailable) AS unavailable_text,
		toString(reserved) AS reserved_text, toString(open_demand) AS open_demand_text, toString(inbound) AS inbound_text, toString(inbound_returns) AS inbound_returns_text,
		toString(atp) AS atp_text, alarm, code, owner FROM stock_alarms WHERE {location:String} = '' OR location = {location:String} ORDER BY code = '' DESC, owner, sku, location`,
		param("location", location))
	if err != nil {
		return err
	}
	if err := a.print(alarms, func(w io.Writer) { writeStockAlarms(w, alarms) }); err != nil || len(alarms) == 0 {
		return err
	}
	return found(fmt.Errorf("%d shelves promise more than they hold, or cannot be as they are", len(alarms)))
}

func writeStockAlarms(w io.Writer, alarms []stockAlarm) {
	rows := make([][]string, len(alarms))
	for i, l := range alarms {
		rows[i] = []string{l.SKU, l.Location, l.OnHand, l.Unavailable, l.Reserved, l.OpenDemand, l.Inbound, l.Returns, l.ATP, l.UOM, l.Code, l.Alarm, l.Owner}
	}
	right(rows, 2, 3, 4, 5, 6, 7, 8)
	table(w, []string{"sku", "location", "on hand", "unavailable", "reserved", "open demand", "inbound", "returns", "atp", "unit", "code", "alarm", "owner"}, rows)
}
