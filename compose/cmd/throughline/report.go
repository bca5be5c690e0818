package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/schemas"
)

func newReportCommand(a *app) *cobra.Command {
	return a.group("report", "Print what the books say", newTrialBalanceCommand(a))
}

// balanceLine is one account of a trial balance.
type balanceLine struct {
	Entity   string `ch:"legal_entity" json:"legal_entity"`
	Account  string `ch:"account" json:"account"`
	Name     string `ch:"name" json:"account_name"`
	Currency string `ch:"currency" json:"currency"`
	Debit    string `ch:"debit_text" json:"debit"`
	Credit   string `ch:"credit_text" json:"credit"`
	Balance  string `ch:"balance_text" json:"balance"`
}

var periodName = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-3])$`)

func newTrialBalanceCommand(a *app) *cobra.Command {
	var period, entity string
	c := &cobra.Command{
		Use:   "trial-balance",
		Short: "Print debits, credits and balance of every account, in functional currency",
		Long:  "All periods together, or the movements of one. The exit status is 1 where debits and credits of a legal entity are not equal.",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if period != "" && !periodName.MatchString(period) {
				return usage(fmt.Errorf("--period %q: want year-month, for example 2011-03", period))
			}
			var conditions []string
			var params []any
			if period != "" {
				conditions, params = append(conditions, "period = {period:String}"), append(params, param("period", period))
			}
			if entity != "" {
				conditions, params = append(conditions, "legal_entity = {entity:String}"), append(params, param("entity", entity))
			}
			lines, err := rowsOf[balanceLine](c.Context(), a, "the trial balance", `SELECT legal_entity, account, any(account_name) AS name, currency, toString(sum(debit)) AS debit_text,
				toString(sum(credit)) AS credit_text, toString(sum(balance)) AS balance_text FROM trial_balance`+where(conditions)+
				` GROUP BY legal_entity, account, currency ORDER BY legal_entity, currency, account`, params...)
			if err != nil {
				return err
			}
			totals, err := totalsOf(lines)
			if err != nil {
				return err
			}
			return errors.Join(a.print(lines, func(w io.Writer) { writeBalance(w, lines, totals) }), found(unequal(totals)))
		},
	}
	c.Flags().StringVar(&period, "period", "", "only the movements of this period, `2011-03`")
	c.Flags().StringVar(&entity, "entity", "", "only this legal entity")
	return c
}

// total is what the accounts of one legal entity sum to.
type total struct {
	entity, currency string
	debit, credit    schemas.Decimal
}

func totalsOf(lines []balanceLine) (all []total, err error) {
	for _, l := range lines {
		if n := len(all); n == 0 || all[n-1].entity != l.Entity || all[n-1].currency != l.Currency {
			all = append(all, total{entity: l.Entity, currency: l.Currency})
		}
		t := &all[len(all)-1]
		debit, derr := schemas.ParseDecimal(l.Debit)
		credit, cerr := schemas.ParseDecimal(l.Credit)
		if err := errors.Join(derr, cerr); err != nil {
			return nil, fmt.Errorf("account %s: %w", l.Account, err)
		}
		t.debit, t.credit = t.debit.Add(debit), t.credit.Add(credit)
	}
	return all, nil
}

func unequal(totals []total) error {
	var all []error
	for _, t := range totals {
		if !t.debit.Equal(t.credit) {
			all = append(all, fmt.Errorf("%s: debits of %s %s are not credits of %s: `throughline audit` names the entries", t.entity, t.debit.Text(), t.currency, t.credit.Text()))
		}
	}
	return errors.Join(all...)
}

func writeBalance(w io.Writer, lines []balanceLine, totals []total) {
	rows := make([][]string, 0, len(lines)+len(totals))
	next := 0
	for i, l := range lines {
		rows = append(rows, []string{l.Entity, l.Account, l.Name, money(l.Debit), money(l.Credit), money(l.Balance), l.Currency})
		if i+1 == len(lines) || lines[i+1].Entity != l.Entity || lines[i+1].Currency != l.Currency {
			t := totals[next]
			next++
			rows = append(rows, []string{t.entity, "", "total", money(t.debit.Text()), money(t.credit.Text()), money(t.debit.Sub(t.credit).Text()), t.currency})
		}
	}
	right(rows, 3, 4, 5)
	table(w, []string{"entity", "account", "name", "debit", "credit", "balance", "currency"}, rows)
}

// money shows at least two decimals, and as many as are not zero.
func money(text string) string {
	d, err := schemas.ParseDecimal(text)
	if err != nil {
		return text
	}
	if two, exact := d.Rescale(2); exact {
		return two.String()
	}
	return d.Text()
}
