package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/schemas"
)

// openItem is one balance that has not returned to zero.
type openItem struct {
	Entity       string            `ch:"legal_entity" json:"legal_entity"`
	Law          string            `ch:"law" json:"law"`
	Account      string            `ch:"account" json:"account"`
	Role         string            `ch:"role" json:"role"`
	AccountName  string            `ch:"account_name" json:"account_name"`
	Side         string            `ch:"side" json:"side"`
	Key          string            `ch:"control_key" json:"control_key"`
	OrderID      string            `ch:"order_id" json:"order_id"`
	Currency     string            `ch:"currency" json:"currency"`
	Moved        map[string]string `ch:"moved_text" json:"moved"` // by event type, transaction currency, Dr +; `missing …` is what another missing event would clear
	Open         string            `ch:"open_text" json:"open_txn"`
	Functional   string            `ch:"functional_currency" json:"functional_currency"`
	OpenFn       string            `ch:"open_fn_text" json:"open_fn"`
	AgeDays      int64             `ch:"age_days" json:"age_days"`
	Code         string            `ch:"code" json:"code"`
	MissingEvent string            `ch:"missing_event" json:"missing_event"`
	Owner        string            `ch:"owner" json:"owner"`
}

// reconciled is the answer of the verb.
type reconciled struct {
	Items   []openItem       `json:"open_items"`
	Units   []unitsGap       `json:"orders"` // by line
	Drifts  []stockDrift     `json:"stock_drift"`
	Unknown []unknownAccount `json:"accounts_without_role"`
}

// unknownAccount is one that table accounts does not know, so that nobody can tell whether it must return to zero.
type unknownAccount struct {
	Account string `ch:"account" json:"account"`
	Entity  string `ch:"entity" json:"legal_entity"` // one of those that post there
	Lines   uint64 `ch:"legs" json:"lines"`
}

const selectOpenItems = `SELECT legal_entity, law, account, role, account_name, side, control_key, order_id, currency, mapApply((k, v) -> (k, toString(v)), moved) AS moved_text,
	toString(open_txn) AS open_text, functional_currency, toString(open_fn) AS open_fn_text, age_days, code, missing_event, owner
	FROM reconciliation_at(until = {period:String}) WHERE {entity:String} = '' OR legal_entity = {entity:String}
	ORDER BY legal_entity, account, code = '', age_days DESC, control_key, currency, code`

// selectUnknown looks for accounts whose role nobody has loaded: what stands open there is in no view.
const selectUnknown = `SELECT account, any(legal_entity) AS entity, count() AS legs FROM journal_lines
	WHERE ledger = 'PRIMARY' AND account NOT IN (SELECT code FROM accounts WHERE role != '') AND ({entity:String} = '' OR legal_entity = {entity:String}) GROUP BY account ORDER BY account`

func newReconcileCommand(a *app) *cobra.Command {
	var entity, period string
	c := &cobra.Command{
		Use:   "reconcile",
		Short: "Show what has not returned to zero: which event is missing, and whose it is",
		Long: "Per key: shipped = invoiced + unbilled, invoiced = settled + credited + open, captured = settled + refunded + fees, batches against payouts, payouts against the\n" +
			"bank; per order line: ordered = shipped + cancelled + open, shipped = invoiced + unbilled, and what was credited and came back; per stock-keeping unit and place: what a\n" +
			"warehouse counted last against the sum of its movements. An open item is no error by itself: its age and its exception code say how much of one it is. The exit status\n" +
			"is 1 where more was shipped than ordered, where what was cancelled was shipped, where money is in suspense, or where entries stand on\n" +
			"accounts that no chart knows.",
		Example: "  throughline reconcile --entity ACME-US --period 2026-03\n  throughline reconcile -o json",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if period != "" && !periodName.MatchString(period) {
				return usage(fmt.Errorf("--period %q: want year-month, for example 2011-03", period))
			}
			if entity != "" {
				if err := a.knownEntity(c.Context(), entity); err != nil {
					return err
				}
			}
			var r reconciled
			var err error
			if r.Items, err = rowsOf[openItem](c.Context(), a, "open items", selectOpenItems, param("entity", entity), param("period", period)); err != nil {
				return err
			}
			if r.Units, err = rowsOf[unitsGap](c.Context(), a, "units of order lines", selectUnits, param("entity", entity)); err != nil {
				return err
			}
			if r.Drifts, err = rowsOf[stockDrift](c.Context(), a, "stock drift", selectDrift, param("entity", entity)); err != nil {
				return err
			}
			if r.Unknown, err = rowsOf[unknownAccount](c.Context(), a, "accounts without a role", selectUnknown, param("entity", entity)); err != nil {
				return err
			}
			if err := a.print(r, func(w io.Writer) { writeReconciled(w, r) }); err != nil {
				return err
			}
			return r.alarm()
		},
	}
	c.Flags().StringVar(&entity, "entity", "", "only this legal entity")
	c.Flags().StringVar(&period, "period", "", "what stood open at the end of this period, `2011-03`, and for how long then; units and stock are as of now")
	return c
}

// alarm is the first thing that no later event is expected to clear.
func (r reconciled) alarm() error {
	for _, u := range r.Unknown {
		return found(fmt.Errorf("%d lines of %s stand on account %s, which no chart of accounts knows, so what is open there is not shown: `throughline migrate` of the newest version loads the charts; "+
			"where it changes nothing, find out who else may write %s", u.Lines, u.Entity, u.Account, schemas.TopicJournal))
	}
	for _, i := range r.Items {
		if i.Code == "E18" {
			return found(fmt.Errorf("E18: %s %s stands on %s %s: %s is missing, which is %s's", i.OpenFn, i.Functional, i.Account, i.Key, i.MissingEvent, i.Owner))
		}
	}
	return unitsAlarm(r.Units)
}

func writeReconciled(w io.Writer, r reconciled) {
	rows := make([][]string, len(r.Items))
	for i, x := range r.Items {
		open, currency := x.Open, x.Currency
		if d, err := schemas.ParseDecimal(open); err == nil && d.IsZero() {
			open, currency = x.OpenFn, x.Functional+" (functional)"
		}
		rows[i] = []string{x.Entity, x.Account, x.Key, money(open), currency, strconv.FormatInt(x.AgeDays, 10), x.Code, x.MissingEvent, x.Owner}
	}
	right(rows, 3, 5)
	table(w, []string{"entity", "account", "key", "open, Dr +", "currency", "days", "code", "missing", "owner"}, rows)
	fmt.Fprintln(w)
	writeUnits(w, r.Units)
	fmt.Fprintln(w)
	writeDrifts(w, r.Drifts)
}
