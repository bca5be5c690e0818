package finance

import (
	"slices"
	"strings"
	"sync"

	"github.com/throughline/throughline/schemas"
)

// mapped puts each leg of a balanced draft on the account that the chart of its rule set gives the leg's role. Rules and residuals know roles by the codes of
// Chart(); only what leaves has the entity's own.
func (d *draft) mapped() error {
	chart := d.chart
	if chart.same {
		return nil
	}
	roles := roles()
	m, channel := d.cause.Header(), d.dimensions.Get("channel")
	var told []string
	for i := range d.lines {
		l := &d.lines[i]
		role := roles[l.Account]
		account, ok := chart.account(role, m.LegalEntity, channel, l.TaxJurisdiction, m.EffectiveDate.V)
		switch {
		case ok:
			l.Account = account
		case !d.audit:
			return &schemas.PoisonError{Class: schemas.DeadLetterClassUNMAPPED_ACCOUNT, Reason: "role " + role + " has no account in chart " + chart.version +
				": add the line " + d.suggested(role, l.Account) + thenRebook}
		case !slices.Contains(told, role):
			told = append(told, role)
			d.raise("E18", "role "+role+" has no account in chart "+chart.version+" and stands on its default: add the line "+d.suggested(role, l.Account)+
				" in a new version under a new rule set, then supersede the entry", &schemas.Money{Amount: l.AmountTxn, Currency: l.Currency})
		}
	}
	return nil
}

// suggested is a line that would map a role for the entity, from the day of the entry on, to its default code.
func (d *draft) suggested(role, code string) string {
	m := d.cause.Header()
	return strings.Join([]string{role, m.LegalEntity, "*", "*", m.EffectiveDate.V.String(), code, ""}, ",")
}

// roles are the roles behind the codes that rules name.
var roles = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, a := range Chart() {
		all[a.Code] = a.Role
	}
	return all
})
