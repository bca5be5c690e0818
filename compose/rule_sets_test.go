package compose_test

import (
	"slices"
	"testing"

	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
)

// One name stands for the rules of all processors: a set that one of them does not know would stop it from the instant when it is activated.
func TestEveryProcessorKnowsEveryRuleSet(t *testing.T) {
	var books, stock []string
	for _, s := range finance.RuleSets {
		books = append(books, s.Name)
	}
	for _, s := range deltas.RuleSets {
		stock = append(stock, s.Name)
	}
	slices.Sort(books)
	slices.Sort(stock)
	if !slices.Equal(books, stock) {
		t.Errorf("finance knows %v, atp-deltas %v", books, stock)
	}
}
