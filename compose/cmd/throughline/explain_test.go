package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/compose/explain"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Why an entry is what it is, and what stands open, on a company that is known to the cent.
func TestExplainAndReconcile(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "30", "--verify").exits(0)
	s.explainsEveryType()
	s.reconciles()
	s.lawsKnowEveryControlAccount()
	s.suspenseIsAnAlarm()
	s.unknownAccountIsAnAlarm()
	stop().exits(0)
}

// explainsEveryType asks for the first event of each type: all derive again to what stands, and stamped amounts are those of their formulas.
func (s *servers) explainsEveryType() {
	s.t.Helper()
	s.run("explain", "x").exits(2, "is no id of an entry or event")
	s.run("explain", "00000000-0000-5000-8000-000000000000").exits(1, "neither an entry nor an event")
	seen, steps := map[string]bool{}, 0
	var took []time.Duration
	for line := range strings.SplitSeq(s.run("cat", schemas.TopicJournal).exits(0).out, "\n") {
		if line == "" {
			continue
		}
		e, err := schemas.ParseEventJSON("journal.entry", []byte(line))
		if err != nil {
			s.t.Fatal(err)
		}
		entry := e.(*schemas.JournalEntry)
		if seen[entry.CauseType] {
			continue
		}
		seen[entry.CauseType] = true
		var x explain.Explanation
		began := time.Now()
		s.run("explain", entry.Meta.EventID.String(), "-o", "json").exits(0).json(&x)
		took = append(took, time.Since(began))
		if x.Derivation != "equal" || x.Event.ID != entry.Meta.CausationID.V.String() || len(x.Entries) == 0 || len(x.Inputs) == 0 {
			s.t.Errorf("%s: %+v", entry.CauseType, x)
		}
		for _, step := range x.Steps {
			if steps++; !step.Result.Equal(step.Stamped) {
				s.t.Errorf("%s: %s %s is %s by %s, the record says %s", entry.CauseType, step.Line, step.What, step.Result.Text(), step.Formula, step.Stamped.Text())
			}
		}
	}
	if !seen["shipment.shipped"] || steps < 10 {
		s.t.Errorf("explained %v with %d steps", seen, steps)
	}
	slices.Sort(took)
	s.t.Logf("explained %d types; the median answer took %s, the slowest %s", len(seen), took[len(took)/2], took[len(took)-1])
	shipped := s.canonicalOrder()
	s.run("explain", shipped.Meta.EventID.String()).exits(0).says("shipment.shipped", "R(", "R4(", "derived again by the rules of this program: equal", "by rule shipment.shipped@1")
	s.asksForWhatItReads(shipped.Meta.EventID.String())
}

// asksForWhatItReads: an answer takes as many schemas from the registry as it meets, not all that there are.
func (s *servers) asksForWhatItReads(event string) {
	s.t.Helper()
	behind, err := url.Parse(s.registry.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	var asked atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(behind)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	s.with("--registry", front.URL).run("explain", event).exits(0)
	if n := asked.Load(); n != 2 {
		s.t.Errorf("the registry was asked %d times, want 2: the shipment's schema and the entry's", n)
	}
	dead := "http://" + nobody(s.t)
	for _, verb := range [][]string{{"explain", event}, {"cat", schemas.TopicJournal}} {
		s.with("--registry", dead).run(verb...).exits(3, "the schema registry at "+dead+" cannot be reached")
	}
}

func (s *servers) reconciles() {
	s.t.Helper()
	var r reconciled
	s.run("reconcile", "-o", "json").exits(0).json(&r)
	if len(r.Items) == 0 {
		s.t.Fatal("the company leaves nothing open: GR/IR at least is never billed here")
	}
	for _, i := range r.Items {
		sum := schemas.MustDecimal("0")
		for _, v := range i.Moved {
			sum = sum.Add(schemas.MustDecimal(v))
		}
		if !sum.Equal(schemas.MustDecimal(i.Open)) || i.MissingEvent == "" || i.Owner == "" || i.Law == "" {
			s.t.Errorf("open item whose movements sum to %s: %+v", sum.Text(), i)
		}
	}
	for _, u := range r.Units {
		if u.Gap != "0" || u.StockGap != "0" || u.LineID == "" || u.Owner == "" {
			s.t.Errorf("units: %+v", u)
		}
	}
	s.run("reconcile", "--entity", "ACME-UX").exits(2, `no legal entity is called "ACME-UX": there are ACME-US; spell it as one of them, or publish its reference.entity first`)
	s.with("--brokers", nobody(s.t)).run("reconcile", "--entity", "ACME-US").exits(0)
	s.publishEntity("ACME-NEW")
	s.run("reconcile", "--entity", "ACME-NEW").exits(0).says("(none)")
	s.run("reconcile", "--entity", "ACME-UX").exits(2, "there are ACME-NEW, ACME-US;")
	s.run("reconcile", "--period", "1999-01", "-o", "json").exits(0).json(&r)
	if len(r.Items) != 0 {
		s.t.Errorf("open in 1999: %+v", r.Items)
	}
	s.run("reconcile", "--period", "2026-01", "-o", "json").exits(0).json(&r)
	for _, i := range r.Items {
		if i.AgeDays < 0 || i.AgeDays > 30 {
			s.t.Errorf("open for %d days at the end of the company's first month: %+v", i.AgeDays, i)
		}
	}
	s.run("reconcile", "--period", "May").exits(2, "want year-month")
	s.run("reconcile").exits(0).says("ACCOUNT", "MISSING", "OWNER")
	s.run("report", "trial-balance").exits(0)
}

// publishEntity says that there is a legal entity for which nobody has booked anything.
func (s *servers) publishEntity(name string) {
	s.t.Helper()
	e := schemas.Example("reference.entity").(*schemas.ReferenceEntity)
	e.Entity = name
	e.Meta = schemas.Meta{EventType: e.EventType(), SchemaVersion: 1, LegalEntity: name, OccurredAt: 1, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "test", Instance: "one", DocType: "entity", DocID: name, Transition: "set"}}
	text, err := schemas.EventJSON(e)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pipe(string(text), "publish").exits(0)
}

// lawsKnowEveryControlAccount: a role of the chart whose accounts must return to zero, and receivables and suspense, have a law on both sides; and no law
// speaks of a role that the chart has not.
func (s *servers) lawsKnowEveryControlAccount() {
	s.t.Helper()
	chart, err := finance.Accounts()
	if err != nil {
		s.t.Fatal(err)
	}
	var want []string
	for _, a := range chart {
		if a.Control || a.Role == "RECEIVABLE" || a.Role == "SUSPENSE" {
			want = append(want, a.Code+" "+a.Role+" Cr Dr")
		}
	}
	got := s.column("SELECT concat(account, ' ', any(role), ' ', arrayStringConcat(arraySort(groupUniqArray(side)), ' ')) FROM open_item_rules GROUP BY account ORDER BY account")
	if !slices.Equal(got, want) {
		s.t.Errorf("laws speak of\n%s\nthe chart has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (s *servers) column(query string) (all []string) {
	s.t.Helper()
	conn, err := sinks.Open(sinks.Config{Addr: s.engine.Addr()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Query(s.t.Context(), query)
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// suspenseIsAnAlarm: money that a PSP took under a category that nobody knows stands on 9000, and reconcile says so until it is mapped (E18).
func (s *servers) suspenseIsAnAlarm() {
	s.t.Helper()
	s.publishFeeOf("ACME-US", "FEE-UNKNOWN", schemas.PSPFeeTypeUNKNOWN)
	key := "event:" + s.entryOf("FEE-UNKNOWN").Meta.CausationID.V.String()
	eventually(s.t, "the fee is in the tables", func() bool {
		return len(s.column("SELECT event_type FROM journal_lines WHERE account = '9000'")) > 0
	})
	sentence := "E18: 102.6 USD stands on 9000 " + key + ": rule.superseded under a rule set with the mapping is missing, which is Platform + Controller's"
	s.run("reconcile").exits(1, sentence).says("9000", key, "102.60", "E18")
	s.run("reconcile", "--entity", "ACME-NEW").exits(0)
	s.run("reconcile", "--period", "1999-01").exits(0)
	var r reconciled
	s.run("reconcile", "--entity", "ACME-US", "-o", "json").exits(1, sentence).json(&r)
	i := slices.IndexFunc(r.Items, func(x openItem) bool { return x.Code == "E18" })
	if i < 0 {
		s.t.Fatal("no open item has code E18")
	}
	got := r.Items[i]
	want := openItem{Entity: "ACME-US", Law: "nothing is in suspense", Account: "9000", Role: "SUSPENSE", AccountName: "Suspense", Side: "Dr", Key: key, Currency: "USD",
		Moved: map[string]string{"psp.fee_charged": "102.6"}, Open: "102.6", Functional: "USD", OpenFn: "102.6", Code: "E18",
		MissingEvent: "rule.superseded under a rule set with the mapping", Owner: "Platform + Controller", AgeDays: got.AgeDays, OrderID: got.OrderID}
	if !reflect.DeepEqual(got, want) {
		s.t.Errorf("suspense is\n%+v\nwant\n%+v", got, want)
	}
}

// unknownAccountIsAnAlarm: an account whose role the tables do not know, as where a new chart was deployed and never loaded, is not left out silently.
func (s *servers) unknownAccountIsAnAlarm() {
	s.t.Helper()
	conn, err := sinks.Open(sinks.Config{Addr: s.engine.Addr()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(s.t.Context(), "ALTER TABLE accounts_log DELETE WHERE code = '9000' SETTINGS mutations_sync = 2"); err != nil {
		s.t.Fatal(err)
	}
	s.run("reconcile").exits(1, "1 lines of ACME-US stand on account 9000, which no chart of accounts knows", "`throughline migrate`")
	s.run("migrate").exits(0)
	s.run("reconcile").exits(1, "E18")
}
