package sinks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// engine is one ClickHouse for all tests of the package; each test has a database of its own in it.
var engine struct {
	once sync.Once
	ch   *embedded.ClickHouse
	err  error
	dir  string
}

func TestMain(m *testing.M) {
	embedded.RunEngineIfChild()
	code := m.Run()
	if engine.ch != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_ = engine.ch.Stop(ctx)
		cancel()
	}
	if engine.dir != "" {
		_ = os.RemoveAll(engine.dir)
	}
	os.Exit(code)
}

// config is a database of the test's own, migrated.
func config(t testing.TB) Config {
	t.Helper()
	engine.once.Do(func() {
		engine.dir, engine.err = os.MkdirTemp("", "sinks-")
		if engine.err == nil {
			engine.ch, engine.err = embedded.StartClickHouse(context.Background(), embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: engine.dir})
		}
	})
	if engine.err != nil {
		t.Fatalf("these tests need the ClickHouse engine: %v", engine.err)
	}
	name := "t_" + strings.ToLower(regexp.MustCompile(`\W+`).ReplaceAllString(t.Name(), "_"))
	return Config{Addr: engine.ch.Addr(), Database: name}
}

var someAccounts = []Account{
	{"1050", "PSP_CLEARING", "PSP clearing", "DEBIT", true, "payment", "Payments ops"},
	{"1150", "SHIPPED_NOT_INVOICED", "Shipped not invoiced", "DEBIT", true, "order line", "Billing"},
	{"1200", "INVENTORY", "Inventory", "DEBIT", false, "", "Inventory control"},
	{"2100", "CUSTOMER_DEPOSITS", "Customer deposits", "CREDIT", true, "order", "AR"},
	{"4000", "PRODUCT_REVENUE", "Product revenue", "CREDIT", false, "", "Controller"},
}

func migrated(t testing.TB) (Config, driver.Conn) {
	t.Helper()
	c := config(t)
	if err := Migrate(t.Context(), c, someAccounts); err != nil {
		t.Fatal(err)
	}
	conn, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Exec(context.Background(), "DROP DATABASE `"+c.Database+"`")
		conn.Close()
	})
	return c, conn
}

// text1 is the first column of the first row of a query, as text.
func text1(t testing.TB, conn driver.Conn, query string, args ...any) string {
	t.Helper()
	var s string
	if err := conn.QueryRow(t.Context(), "SELECT toString((SELECT "+query+"))", args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// column is the first column of a query's rows.
func columnOf(t testing.TB, conn driver.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// broker is an in-process broker with the catalog's topics in two partitions each.
type broker struct {
	*kfake.Cluster
	cluster []kgo.Opt
	codec   *schemas.Codec
	client  *kgo.Client
}

func startBroker(t testing.TB) *broker {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "11000000"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &broker{Cluster: c, cluster: []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond)}, codec: schemas.NewCodec(nil, schemas.OfflineIDs())}
	if b.client, err = kgo.NewClient(append(append([]kgo.Opt{}, b.cluster...), schemas.WriteOptions()...)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Close)
	adm := kadm.NewClient(b.client)
	for _, topic := range schemas.Topics {
		configs := map[string]*string{}
		for k, v := range topic.Configs() {
			if k != "message.timestamp.type" {
				configs[k] = &v
			}
		}
		partitions := topic.Partitions
		if partitions == 0 {
			partitions = 2
		}
		if _, err := adm.CreateTopic(t.Context(), int32(partitions), 1, configs, topic.Name); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// send produces events where Route sends them.
func (b *broker) send(t testing.TB, events ...schemas.Event) {
	t.Helper()
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		r, err := b.codec.Record(e)
		if err != nil {
			t.Fatal(err)
		}
		records[i] = r
	}
	b.produce(t, records...)
}

func (b *broker) produce(t testing.TB, records ...*kgo.Record) {
	t.Helper()
	if err := b.client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// sink is a sink of some tables, seeded, with an insert every 50 ms.
func (b *broker) sink(t testing.TB, conn driver.Conn, names ...string) Sink {
	t.Helper()
	s := b.sinkUnseeded(conn, names...)
	for group, topics := range s.Groups() {
		if _, err := schemas.Seed(t.Context(), b.cluster, group, topics...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// expectsByType is enough for tests: shipments post and move stock, reservations move stock, payments post.
func expectsByType(e schemas.Event) (entry, delta bool) {
	switch e.(type) {
	case *schemas.ShipmentShipped, *schemas.InventoryReceived:
		return true, true
	case *schemas.InventoryReserved:
		return false, true
	case *schemas.PaymentCaptured, *schemas.InvoiceIssued, *schemas.PSPFeeCharged:
		return true, false
	}
	return false, false
}

// start runs s until the returned function is called, which fails the test if Run did.
func start(t testing.TB, s Sink) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// eventually polls until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(20 * time.Millisecond) // between polls of a condition
	}
}

// committed sums the offsets that a table's group has committed on topics.
func (b *broker) committed(t testing.TB, table Table) (sum int64) {
	t.Helper()
	offsets, err := kadm.NewClient(b.client).FetchOffsets(t.Context(), table.Group())
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range table.Topics {
		for _, o := range offsets[topic] {
			sum += o.At
		}
	}
	return sum
}

// count is how many committed data records a topic holds.
func (b *broker) count(t testing.TB, topic string) (n int) {
	t.Helper()
	for _, err := range schemas.ReadRecords(t.Context(), b.cluster, schemas.Span{Topics: []string{topic}}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// fault is an HTTP proxy before ClickHouse whose hooks break inserts.
type fault struct {
	before  atomic.Pointer[func(http.ResponseWriter) bool] // answers instead of ClickHouse where it returns true
	after   atomic.Pointer[func(*http.Response) error]     // sees ClickHouse's answer
	inserts atomic.Int64
}

// proxied is conn's ClickHouse behind a fault.
func proxied(t testing.TB, c Config) (*fault, driver.Conn) {
	t.Helper()
	f := &fault{}
	target := &url.URL{Scheme: "http", Host: c.Addr}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if hook := f.after.Load(); hook != nil && isInsert(r.Request) {
				return (*hook)(r)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			panic(http.ErrAbortHandler) // the client sees a connection that breaks
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isInsert(r) {
			f.inserts.Add(1)
			if hook := f.before.Load(); hook != nil && (*hook)(w) {
				_, _ = io.Copy(io.Discard, r.Body)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.Addr = strings.TrimPrefix(server.URL, "http://")
	conn, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return f, conn
}

func isInsert(r *http.Request) bool {
	q := r.URL.Query().Get("query")
	return strings.HasPrefix(q, "INSERT") && !strings.Contains(q, "progress_log")
}

// exampleOf is an example of type E with an id and thread of its own.
func exampleOf[E schemas.Event](eventType string, n int, thread string) E {
	e := schemas.Example(eventType).(E)
	m := e.Header()
	m.EventID = schemas.NamedID("sinks test", eventType, fmt.Sprint(n))
	m.CorrelationID = thread
	m.Correction = nil
	return e
}

// sinkUnseeded is sink without first offsets.
func (b *broker) sinkUnseeded(conn driver.Conn, names ...string) Sink {
	s := Sink{Cluster: b.cluster, Codec: b.codec, Conn: conn, Replica: "r1", MaxWait: 50 * time.Millisecond, Attempt: 5 * time.Second}
	for _, table := range Tables(b.codec, expectsByType) {
		if len(names) == 0 || slices.Contains(names, table.Name) {
			s.Tables = append(s.Tables, table)
		}
	}
	return s
}

// commitStart commits offset 0 everywhere, which is seeding without a record of it.
func (b *broker) commitStart(t testing.TB, group string, topics []string) {
	t.Helper()
	b.commitAt(t, group, topics, false)
}

// commitAs commits the ends of topics for a role, as if it had read them all.
func (b *broker) commitAs(t testing.TB, role string, topics []string) {
	t.Helper()
	b.commitAt(t, schemas.Group(role), topics, true)
}

func (b *broker) commitAt(t testing.TB, group string, topics []string, atEnd bool) {
	t.Helper()
	adm := kadm.NewClient(b.client)
	ends, err := adm.ListEndOffsets(t.Context(), topics...)
	if err != nil {
		t.Fatal(err)
	}
	offsets := ends.Offsets()
	if !atEnd {
		starts, err := adm.ListStartOffsets(t.Context(), topics...)
		if err != nil {
			t.Fatal(err)
		}
		offsets = starts.Offsets()
	}
	if err := adm.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
}
