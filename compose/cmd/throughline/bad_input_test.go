package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

func TestWrongUse(t *testing.T) {
	c := tool{t: t}
	for line, want := range map[string]string{
		"adore":                              "has no verb \"adore\"; `throughline --help` lists them",
		"statsu":                             "did you mean status?",
		"schemas shwo":                       "throughline schemas has no verb \"shwo\"",
		"schemas show":                       "wants one event type",
		"schemas show order.adored":          "`throughline schemas list` prints them",
		"status now":                         "takes no arguments",
		"status --colour":                    "unknown flag: --colour; `throughline status --help` lists the flags",
		"status -o xml":                      `--output "xml" is neither text nor json`,
		"cat":                                "wants one topic: `throughline topics` lists them",
		"import onlineretail":                "wants one file",
		"import onlineretail no-such-file":   "no such file",
		"close 2026-13 --entity X":           "want year-month, for example 2011-03",
		"reopen 2026 --entity X --why so":    "want year-month, for example 2011-03",
		"verify-close nowhere":               "or say ENTITY/PERIOD",
		"export journal --close X/2026-13":   "want year-month, for example 2011-03",
		"simulate --orders 0":                "--orders is at least 1",
		"run --roles fianance":               `roles: "fianance" is none of intake, admission`,
		"run --brokers kafka.example:9092":   "kafka.example:9092 is not on this machine: set kafka.tls.enabled, or kafka.insecure",
		"status --brokers localhost":         `"localhost" is not host:port`,
		"status --registry localhost:8081":   "is no http or https address",
		"status --registry http://me:pw@lo/": "set registry.user and registry.password instead",
	} {
		t.Run(line, func(t *testing.T) { tool{t, nil}.run(strings.Fields(line)...).exits(2, want) })
	}
	if r := c.run("status", "--registry", "http://me:geheim@lo/"); strings.Contains(r.err, "geheim") {
		t.Errorf("a password is printed: %s", r.err)
	}
	c.run().exits(0).says("Available Commands", "publish")
	c.run("help", "publish").exits(0).says("meta.event_type")
	c.run("completion", "bash").exits(0).says("__start_throughline")
	c.run("__complete", "schemas", "show", "order.a").exits(0).says("order.accepted")
}

func TestWrongConfiguration(t *testing.T) {
	c := tool{t: t}
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "throughline.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c.run("config", "--config", write("kafka:\n  brokerz: [a:1]\n")).exits(2, "brokerz", "`throughline config` prints every key")
	c.run("config", "--config", "no-such.yaml").exits(2, "reading the configuration", "no-such.yaml")
	c.run("config", "--config", write("replica: 'a b'\nkafka:\n  session: 1ms\n")).exits(2, "replica:", "kafka.session:") // all at once
	c.run("config", "--config", write("clickhouse:\n  password_file: nowhere\n")).exits(2, "clickhouse.password_file", "nowhere")

	t.Setenv("THROUGHLINE_KAFKA_SASL_PASSWORD", "geheim")
	t.Setenv("THROUGHLINE_HTTP_ADDR", "127.0.0.1:9999")
	path := write("clickhouse:\n  password: geheim\nkafka:\n  interval: 250ms\n")
	text := c.run("config", "--config", path, "--brokers", "127.0.0.1:1").exits(0).says("addr: 127.0.0.1:9999", "- 127.0.0.1:1", "interval: 250ms", "password: (redacted)").out
	if strings.Contains(text, "geheim") {
		t.Errorf("a password is printed:\n%s", text)
	}
	var keys struct {
		Kafka struct {
			Interval string
			SASL     struct{ Password string }
		}
	}
	c.run("config", "--config", path, "-o", "json").exits(0).json(&keys)
	if keys.Kafka.Interval != "250ms" || keys.Kafka.SASL.Password != "(redacted)" {
		t.Errorf("config as JSON: %+v", keys)
	}
	c.run("config", "--config", write(strings.ReplaceAll(text, "(redacted)", "x"))).exits(0) // what it prints is a configuration file
}

// What cannot be reached is named, with its address and what to do; the exit status is 3.
func TestUnreachable(t *testing.T) {
	dead := nobody(t)
	tool{t, []string{"--brokers", dead}}.pipe(order, "publish").exits(3, "Kafka at "+dead+" cannot be reached", "make run", "kafka.brokers (--brokers, THROUGHLINE_KAFKA_BROKERS)")
	for _, verb := range []string{"migrate", "topics", "run", "cat orders", "simulate"} {
		tool{t, []string{"--brokers", dead}}.run(strings.Fields(verb)...).exits(3, "Kafka at "+dead+" cannot be reached")
	}
	tool{t, []string{"--brokers", "127.0.0.1:1,no-such-host.invalid:9092"}}.with("--config", insecure(t)).run("topics").exits(3, "cannot be reached")

	s := startServers(t, nil)
	if _, err := s.registered(); err != nil {
		t.Fatal(err)
	}
	s.with("--registry", "http://"+dead).pipe(order, "publish").exits(3, "the schema registry at http://"+dead+" cannot be reached", "registry.url (--registry, THROUGHLINE_REGISTRY_URL)")
	s.with("--registry", "http://"+dead).run("schemas", "check").exits(3, "cannot be reached")
	s.with("--clickhouse", dead).run("migrate").exits(3, "ClickHouse at "+dead+" cannot be reached", "clickhouse.addr (--clickhouse, THROUGHLINE_CLICKHOUSE_ADDR)")
	// What can be seen is shown, and what cannot is said.
	s.with("--clickhouse", dead).run("status").exits(3, "ClickHouse at "+dead+" cannot be reached").says("Kafka", "answers", "does not answer", "throughline-finance")
}

func insecure(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "insecure.yaml")
	if err := os.WriteFile(path, []byte("kafka:\n  insecure: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// registered puts our schemas into the registry, as migrate does, and gives their ids.
func (s *servers) registered() (map[string]int, error) {
	a := &app{}
	a.flags.brokers, a.flags.registry = s.brokers[0], s.registry.URL()
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	registry, err := cfg.SchemaRegistry()
	if err != nil {
		return nil, err
	}
	return registry.Register(context.Background())
}

func TestWrongCredentials(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{User: "sink", Password: "geheim"})
	t.Setenv("THROUGHLINE_CLICKHOUSE_USER", "sink")
	t.Setenv("THROUGHLINE_CLICKHOUSE_PASSWORD", "geraten")
	for _, verb := range []string{"migrate", "status"} {
		r := s.run(verb).exits(3, "ClickHouse at "+s.engine.Addr()+" refuses the credentials", "clickhouse.user and clickhouse.password", "THROUGHLINE_CLICKHOUSE_PASSWORD")
		if strings.Contains(r.err, "geraten") {
			t.Errorf("%s prints the password: %s", verb, r.err)
		}
	}
	t.Setenv("THROUGHLINE_CLICKHOUSE_PASSWORD", "geheim")
	s.run("migrate").exits(0)

	locked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error_code":401,"message":"Unauthorized"}`))
	}))
	defer locked.Close()
	s.with("--registry", locked.URL).pipe(order, "publish").exits(3, "the schema registry at "+locked.URL+" refuses the credentials", "registry.user and registry.password")
}

// What `run` refuses: it would lose or repeat records, or break a promise.
func TestRunRefuses(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("run", "--http", "").exits(3, "not registered", "throughline migrate")
	s.run("migrate").exits(0)
	adm := kadm.NewClient(s.client())

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s.run("run", "--http", taken.Addr().String()).exits(3, "http.addr: "+taken.Addr().String()+" cannot be listened on", "address already in use", "set http.addr (THROUGHLINE_HTTP_ADDR)")

	setTime := func(value string) {
		t.Helper()
		if _, err := adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "message.timestamp.type", Value: &value}}, "intake.orders"); err != nil {
			t.Fatal(err)
		}
	}
	setTime("CreateTime")
	s.run("run", "--http", "").exits(1, "intake.orders has message.timestamp.type=CreateTime, want LogAppendTime")
	s.run("migrate").exits(1, "intake.orders has message.timestamp.type=CreateTime")
	s.run("topics").exits(1, "1 topics are not as the catalog wants them").says("message.timestamp.type is CreateTime, wants LogAppendTime")
	setTime("LogAppendTime")

	// Roles that had joined their groups before another refused are members still, until their sessions end.
	group := schemas.Group("finance")
	if _, err := adm.LeaveGroup(t.Context(), kadm.LeaveGroup(group).Reason("test").InstanceIDs(group+"-0")); err != nil {
		t.Fatal(err)
	}
	deleted, err := adm.DeleteGroups(t.Context(), group)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.run("run", "--http", "", "finance").exits(1, "has lost its committed offsets", "throughline-finance on", "sets the offset where it stood (table progress)")
	s.run("migrate").exits(1, "has lost its committed offsets") // nobody begins anew by mistake

	stop := s.start("--roles", "intake,admission") // the others still may
	eventually(t, "intake and admission run", func() bool {
		var st systemStatus
		s.run("status", "-o", "json").json(&st)
		n := 0
		for _, g := range st.Groups {
			n += g.Members
		}
		return n == 2
	})
	stop().exits(0)
}
