package compose

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/sinks"
)

// metricLabels are the names of all metrics that we register, with their labels.
func metricLabels(t *testing.T) map[string][]string {
	t.Helper()
	m, err := NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newAuditMetrics(m.Registry); err != nil {
		t.Fatal(err)
	}
	described := make(chan *prometheus.Desc, 1000)
	m.Registry.Describe(described)
	close(described)
	// A Desc tells its name in no other way.
	form := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	all := map[string][]string{"up": nil} // Prometheus's own
	for d := range described {
		found := form.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("a description of a new form: %s", d)
		}
		labels := strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' || r == ' ' })
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			all[found[1]+suffix] = append(slices.Clone(labels), "le")
		}
	}
	if len(all) < 20 {
		t.Fatalf("found %d metrics only", len(all))
	}
	return all
}

var (
	metricForm = regexp.MustCompile(`\b(?:throughline|process|go)_[a-z0-9_]+\b|\bup\b`)
	stringForm = regexp.MustCompile(`"[^"]*"`)
	madeForm   = regexp.MustCompile(`label_replace\(.*?, "([a-z_]+)", "[^"]*", "[^"]*", "[^"]*"\)`)
	labelForm  = regexp.MustCompile(`(?:\bby|\bon|\bwithout) \(([^)]*)\)|\{([^}]*)\}`)
)

// wrongIn finds metrics that nobody registers, and labels that none of an expression's metrics has.
func wrongIn(expr string, known map[string][]string) (wrong []string) {
	labels := []string{"job", "instance"}
	for _, made := range madeForm.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, made[1])
	}
	expr = stringForm.ReplaceAllString(expr, `""`)
	names := metricForm.FindAllString(expr, -1)
	if len(names) == 0 {
		wrong = append(wrong, "it asks for no metric of ours")
	}
	for _, name := range names {
		of, ok := known[name]
		if !ok {
			wrong = append(wrong, "nobody registers "+name)
		}
		labels = append(labels, of...)
	}
	for _, found := range labelForm.FindAllStringSubmatch(expr, -1) {
		for part := range strings.SplitSeq(found[1]+found[2], ",") {
			label, _, _ := strings.Cut(strings.TrimSpace(part), "=")
			if label = strings.Trim(label, "! "); label != "" && !slices.Contains(labels, label) {
				wrong = append(wrong, "no metric of it has a label "+label)
			}
		}
	}
	if strings.Count(expr, "(") != strings.Count(expr, ")") {
		wrong = append(wrong, "its parentheses are unbalanced")
	}
	return wrong
}

type alertFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert       string
			Expr        string
			For         string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// Each alert asks for metrics that exist, has a severity, and names a runbook that is there; each runbook has its alert.
func TestAlerts(t *testing.T) {
	var file alertFile
	parseYAML(t, "prometheus/alerts.yml", &file)
	books, err := os.ReadFile("prometheus/RUNBOOKS.md")
	if err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for _, h := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(books), -1) {
		unused["RUNBOOKS.md#"+strings.ToLower(h[1])] = true
	}
	sections := len(unused)
	known := metricLabels(t)
	seen := map[string]bool{}
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			for _, wrong := range wrongIn(r.Expr, known) {
				t.Errorf("%s: %s: %s", r.Alert, r.Expr, wrong)
			}
			if seen[r.Alert] || r.Alert == "" {
				t.Errorf("alert %q stands twice, or has no name", r.Alert)
			}
			seen[r.Alert] = true
			if r.For != "" {
				if _, err := time.ParseDuration(r.For); err != nil {
					t.Errorf("%s: %v", r.Alert, err)
				}
			}
			if !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
				t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s says nothing to who is woken by it", r.Alert)
			}
			if _, ok := unused[r.Annotations["runbook"]]; !ok {
				t.Errorf("%s: there is no runbook %q", r.Alert, r.Annotations["runbook"])
			}
			unused[r.Annotations["runbook"]] = false
		}
	}
	for book, left := range unused {
		if left {
			t.Errorf("no alert leads to %s", book)
		}
	}
	if len(seen) < 10 || sections < 10 {
		t.Errorf("found %d alerts and %d runbooks only", len(seen), sections)
	}
}

func scrapeTargets(t *testing.T) []string {
	t.Helper()
	var file struct {
		Global        map[string]string
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string `yaml:"job_name"`
			StaticConfigs []struct {
				Targets []string
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	parseYAML(t, "prometheus/prometheus.yml", &file)
	for _, f := range file.RuleFiles {
		if !exists(filepath.Join("prometheus", filepath.Base(f))) {
			t.Errorf("prometheus.yml reads %s, which is not there", f)
		}
	}
	var all []string
	for _, job := range file.ScrapeConfigs {
		for _, s := range job.StaticConfigs {
			all = append(all, s.Targets...)
		}
	}
	return all
}

// target is one query of a panel.
type target struct {
	where      string
	Datasource struct{ Type, UID string }
	Expr       string
	RawSQL     string `json:"rawSql"`
}

// dashboards are the queries of all dashboards.
func dashboards(t *testing.T) []target {
	t.Helper()
	files, err := filepath.Glob("grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no dashboards: %v", err)
	}
	var all []target
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			UID    string
			Panels []struct {
				ID      int
				Type    string
				Title   string
				Targets []target
			}
		}
		if err := json.Unmarshal(text, &board); err != nil || board.UID == "" {
			t.Fatalf("%s: %v, uid %q", file, err, board.UID)
		}
		ids := map[int]bool{}
		for _, p := range board.Panels {
			if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
				t.Errorf("%s: panel %d (%q) has no title or no query, or shares its id", file, p.ID, p.Title)
			}
			ids[p.ID] = true
			for _, q := range p.Targets {
				q.where = filepath.Base(file) + ", " + p.Title
				all = append(all, q)
			}
		}
	}
	return all
}

// Each panel reads a data source that is provisioned and metrics that exist.
func TestDashboardsAskForMetricsThatExist(t *testing.T) {
	var provisioned struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool           `yaml:"isDefault"`
			JSONData                     map[string]any `yaml:"jsonData"`
			SecureJSONData               map[string]any `yaml:"secureJsonData"`
		}
	}
	parseYAML(t, "grafana/provisioning/datasources/datasources.yaml", &provisioned)
	sources := map[string]string{}
	for _, d := range provisioned.Datasources {
		sources[d.UID] = d.Type
	}
	known := metricLabels(t)
	for _, q := range dashboards(t) {
		if sources[q.Datasource.UID] != q.Datasource.Type {
			t.Errorf("%s: no data source %s of type %s is provisioned", q.where, q.Datasource.UID, q.Datasource.Type)
		}
		switch {
		case q.Datasource.Type == "prometheus":
			for _, wrong := range wrongIn(q.Expr, known) {
				t.Errorf("%s: %s: %s", q.where, q.Expr, wrong)
			}
		case q.RawSQL == "":
			t.Errorf("%s: no query", q.where)
		}
	}
}

// The check of expressions bites.
func TestExpressionsThatAskForNothing(t *testing.T) {
	known := map[string][]string{"throughline_holds": {"owner"}}
	for expr, good := range map[string]bool{
		`sum by (owner) (throughline_holds{owner="wms"})`: true,
		`sum by (owner) (throughline_hold)`:               false,
		`sum by (team) (throughline_holds)`:               false,
		`throughline_holds{team="wms"}`:                   false,
		`vector(1)`:                                       false,
	} {
		if wrong := wrongIn(expr, known); (len(wrong) == 0) != good {
			t.Errorf("%s: found wrong: %q", expr, wrong)
		}
	}
}

// Each query of a dashboard runs on the tables and views as they are migrated.
func TestDashboardQueriesRun(t *testing.T) {
	ctx := t.Context()
	engine, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := engine.Stop(stop); err != nil {
			t.Error(err)
		}
	})
	where := sinks.Config{Addr: engine.Addr()}
	chart, err := accounts()
	if err != nil {
		t.Fatal(err)
	}
	if err := sinks.Migrate(ctx, where, chart); err != nil {
		t.Fatal(err)
	}
	conn, err := sinks.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	n := 0
	for _, q := range dashboards(t) {
		if q.RawSQL == "" {
			continue
		}
		n++
		rows, err := conn.Query(ctx, strings.ReplaceAll(q.RawSQL, "${order:sqlstring}", "'O''1'"))
		if err != nil {
			t.Errorf("%s: %v", q.where, err)
			continue
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", q.where, err)
		}
		rows.Close()
	}
	if n < 8 {
		t.Errorf("ran %d queries only", n)
	}
}
