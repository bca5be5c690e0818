package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// What arrives at another place than it was dispatched to is told where it was expected, so that it is inbound there no more.
func TestMisroutedTransferIsTakenOffWhereItWasExpected(t *testing.T) {
	k := newDesk(t)
	r := reserve("", "R1", "3")
	r.TransferID = "T1"
	elsewhere := arrive("A1", "D1", "2")
	elsewhere.ToLocation, elsewhere.Lines[0].Stock.Location = "DC3", "DC3"
	k.say(r, dispatch("D1", "3"), elsewhere)
	k.clean(0)
	got := last[*schemas.InventoryTransferReceived](k).Lines[0]
	if got.ExpectedLocation != "DC2" || got.ExpectedConsumed.V.Text() != "2" {
		t.Errorf("expected_location %q, expected_consumed %s", got.ExpectedLocation, got.ExpectedConsumed.V.Text())
	}
	k.say(arrive("A2", "D1", "1"))
	if got := last[*schemas.InventoryTransferReceived](k).Lines[0]; got.ExpectedLocation != "" {
		t.Errorf("what arrives where it was sent has expected_location %q", got.ExpectedLocation)
	}
}
