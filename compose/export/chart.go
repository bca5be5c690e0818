package export

import (
	"fmt"
	"strings"

	"github.com/throughline/throughline/processors/finance"
)

// class is where an account stands in a statement.
type class struct{ hledger, beancount, letter string }

// classOf goes by the first digit, as charts of accounts are numbered; an account that a role is mapped to has the class of the role, whatever its number. A code
// that begins otherwise has no class that anybody could know from it: it stands in equity, where it changes neither result nor balance sheet silently.
func classOf(code string) class {
	switch code[0] {
	case '1', '9': // suspense holds money that has moved and that nobody has explained yet
		return class{"assets", "Assets", "A"}
	case '2':
		return class{"liabilities", "Liabilities", "L"}
	case '4':
		return class{"revenues", "Income", "R"}
	case '5', '6', '7', '8':
		return class{"expenses", "Expenses", "X"}
	}
	return class{"equity", "Equity", "E"}
}

// account is one account under the names that plain-text accounting gives it. The code is the last part of each.
type account struct {
	code, name, letter string
	hledger, beancount string
}

// chart names accounts. Those that no version of the chart of accounts has are named by their class and code alone.
type chart struct {
	roles map[string]finance.Account // by code
	codes map[string]string          // of each role in the chart that rules know
	known map[string]account
}

func newChart() (chart, error) {
	c := chart{map[string]finance.Account{}, map[string]string{}, map[string]account{}}
	all, err := finance.Accounts()
	if err != nil {
		return c, fmt.Errorf("reading the charts of accounts: %w", err)
	}
	for _, a := range all {
		c.roles[a.Code] = a
	}
	for _, a := range finance.Chart() {
		c.codes[a.Role] = a.Code
	}
	return c, nil
}

// account names a code, and says whether it was asked for the first time.
func (c chart) account(code string) (a account, first bool) {
	a, ok := c.known[code]
	if ok {
		return a, false
	}
	role, mapped := c.roles[code]
	k, plain := class{"equity", "Equity", "E"}, "-"
	switch {
	case mapped:
		k, plain = classOf(c.codes[role.Role]), plainName(code)
	case code != "":
		k, plain = classOf(code), plainName(code)
	}
	a = account{code: code, name: "not in the chart of accounts", letter: k.letter, hledger: k.hledger + ":" + plain, beancount: k.beancount + ":" + capital(plain)}
	if mapped {
		words := strings.ToLower(strings.ReplaceAll(role.Role, "_", "-"))
		a.name, a.hledger, a.beancount = role.Name, k.hledger+":"+words+":"+plain, k.beancount+":"+capital(words)+":"+capital(plain)
	}
	c.known[code] = a
	return a, true
}

// plainName leaves letters and digits, which both programs take, and writes every other byte as -hh-.
func plainName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "-%02x-", c)
		}
	}
	return b.String()
}

// capital makes a beancount account component of a plain name: it begins with a capital or a digit.
func capital(s string) string {
	if c := s[0]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return "X" + s
}
