package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
)

const (
	personV1 = `{"type":"record","name":"Person","fields":[{"name":"name","type":"string"}]}`
	personV2 = `{"type":"record","name":"Person","fields":[{"name":"name","type":"string"},{"name":"age","type":"int","default":0}]}`
	personV3 = `{"type":"record","name":"Person","fields":[{"name":"name","type":"string"},{"name":"born","type":"int"}]}`
)

// avroCompatible is what the product's schemas package supplies.
func avroCompatible(reader string, writers []string) error {
	parse := func(s string) (avro.Schema, error) { return avro.ParseWithCache(s, "", &avro.SchemaCache{}) }
	r, err := parse(reader)
	if err != nil {
		return err
	}
	for _, text := range writers {
		w, err := parse(text)
		if err != nil {
			return err
		}
		if err := avro.NewSchemaCompatibility().Compatible(r, w); err != nil {
			return err
		}
	}
	return nil
}

func startRegistry(t *testing.T, dir string) (*Registry, *sr.Client) {
	t.Helper()
	r, err := StartRegistry(t.Context(), RegistryConfig{DataDir: dir, Compatible: avroCompatible})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	cl, err := sr.NewClient(sr.URLs(r.URL()))
	if err != nil {
		t.Fatal(err)
	}
	return r, cl
}

func curl(t *testing.T, method, url, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatalf("%s %s: %s", method, url, raw)
		}
	}
	return resp.StatusCode, out
}

func TestRegistryKeepsIdsAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	r, cl := startRegistry(t, dir)
	ids := map[string]int{}
	for _, c := range []struct{ subject, schema string }{
		{"a-value", personV1}, {"b/c value", personV1}, {"a-value", personV2}, {"other", `"string"`}, {"gone", `"long"`},
	} {
		s, err := cl.CreateSchema(t.Context(), c.subject, sr.Schema{Schema: c.schema})
		if err != nil {
			t.Fatalf("registering %v: %v", c, err)
		}
		ids[c.subject+c.schema] = s.ID
	}
	if ids["a-value"+personV1] != ids["b/c value"+personV1] {
		t.Fatalf("one schema must have one id: %v", ids)
	}
	if _, err := cl.DeleteSubject(t.Context(), "gone", sr.SoftDelete); err != nil {
		t.Fatal(err)
	}
	cl.SetCompatibility(t.Context(), sr.SetCompatibility{Level: sr.CompatFull}, "a-value")
	cl.SetMode(t.Context(), sr.ModeReadOnly, "other")
	before := dump(t, r)
	r.Close()

	r, cl = startRegistry(t, dir)
	if after := dump(t, r); after != before {
		t.Fatalf("before:\n%s\nafter:\n%s", before, after)
	}
	s, err := cl.CreateSchema(t.Context(), "new", sr.Schema{Schema: `"bytes"`})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if s.ID == id {
			t.Fatalf("id %d was given twice", id)
		}
	}
}

// dump is everything that a client can see.
func dump(t *testing.T, r *Registry) string {
	t.Helper()
	var all strings.Builder
	for _, path := range []string{"/subjects?deleted=true", "/subjects", "/schemas?deleted=true", "/config/a-value", "/config", "/mode/other",
		"/subjects/a-value/versions", "/subjects/a-value/versions/latest", "/schemas/ids/1", "/schemas/ids/2", "/schemas/ids/3", "/schemas/ids/4",
		"/subjects/b%2Fc%20value/versions/1"} {
		resp, err := http.Get(r.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		all.WriteString(path + " " + resp.Status + " " + string(body))
	}
	return all.String()
}

func TestRegistryIsDurableBeforeItAnswers(t *testing.T) {
	dir := t.TempDir()
	_, cl := startRegistry(t, dir)
	s, err := cl.CreateSchema(t.Context(), "a-value", sr.Schema{Schema: personV1})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "registry.ndjson"))
	if err != nil || !bytes.Contains(raw, []byte(`"subject":"a-value","version":1`)) || s.ID != 1 {
		t.Fatalf("id %d answered, journal %q, %v", s.ID, raw, err)
	}
}

func TestRegistryDropsALineCutShortByAKill(t *testing.T) {
	dir := t.TempDir()
	r, cl := startRegistry(t, dir)
	if _, err := cl.CreateSchema(t.Context(), "a", sr.Schema{Schema: personV1}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	path := filepath.Join(dir, "registry.ndjson")
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"subject":"b","vers`)
	f.Close()
	r, cl = startRegistry(t, dir)
	if s, err := cl.CreateSchema(t.Context(), "b", sr.Schema{Schema: personV2}); err != nil || s.ID != 2 {
		t.Fatalf("%v %v", s, err)
	}
	r.Close()
	startRegistry(t, dir)
}

func TestRegistryRefusesADamagedJournal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "registry.ndjson"), []byte("no json\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := StartRegistry(t.Context(), RegistryConfig{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Fatalf("got %v", err)
	}
	if _, err := StartRegistry(t.Context(), RegistryConfig{DataDir: dir}); errors.Is(err, ErrDataInUse) {
		t.Fatal("a failed start kept the directory")
	}
}

func TestRegistryComparesSchemas(t *testing.T) {
	r, cl := startRegistry(t, "")
	ctx := t.Context()
	if _, err := cl.CreateSchema(ctx, "a", sr.Schema{Schema: personV1}); err != nil {
		t.Fatal(err)
	}
	check := func(level, schema string, want bool) {
		t.Helper()
		if code, out := curl(t, "PUT", r.URL()+"/config/a", `{"compatibility":"`+level+`"}`); code != 200 {
			t.Fatal(out)
		}
		body, _ := json.Marshal(map[string]any{"schema": schema, "metadata": nil})
		for _, version := range []string{"/latest", "/1", ""} {
			_, out := curl(t, "POST", r.URL()+"/compatibility/subjects/a/versions"+version+"?verbose=true", string(body))
			if out["is_compatible"] != want {
				t.Fatalf("%s, version %q: %v, want %v", level, version, out, want)
			}
		}
	}
	check("BACKWARD", personV2, true)
	check("BACKWARD", personV3, false)
	check("FORWARD", personV3, true)
	check("FULL", personV3, false)
	check("FULL_TRANSITIVE", personV2, true)
	check("NONE", `"string"`, true)
	curl(t, "PUT", r.URL()+"/config/a", `{"compatibility":"BACKWARD"}`)
	body, _ := json.Marshal(map[string]any{"schema": personV3})
	if code, out := curl(t, "POST", r.URL()+"/subjects/a/versions", string(body)); code != http.StatusConflict {
		t.Fatalf("an incompatible schema was answered %d %v", code, out)
	}
	if code, _ := curl(t, "POST", r.URL()+"/compatibility/subjects/a/versions/7", string(body)); code != http.StatusNotFound {
		t.Fatalf("an unknown version was answered %d", code)
	}
}

func TestRegistryAnswersWhatClientsAsk(t *testing.T) {
	r, _ := startRegistry(t, "")
	body, _ := json.Marshal(map[string]any{"schema": personV1, "schemaType": "AVRO", "references": []any{}, "metadata": nil, "ruleSet": nil})
	if code, out := curl(t, "POST", r.URL()+"/subjects/a/versions?normalize=true", string(body)); code != 200 || out["id"] != 1.0 {
		t.Fatalf("%d %v", code, out)
	}
	spaced := strings.ReplaceAll(string(body), `,`, ` , `)
	if code, out := curl(t, "POST", r.URL()+"/subjects/a?normalize=false&deleted=false", spaced); code != 200 || out["version"] != 1.0 {
		t.Fatalf("look-up: %d %v", code, out)
	}
	if code, out := curl(t, "GET", r.URL()+"/schemas/ids/1?subject=a", ""); code != 200 || out["schema"] != personV1 {
		t.Fatalf("by id: %d %v", code, out)
	}
	if code, out := curl(t, "GET", r.URL()+"/schemas/ids/9", ""); code != 404 || out["error_code"] != 40403.0 {
		t.Fatalf("an unknown id: %d %v", code, out)
	}
	if code, out := curl(t, "GET", r.URL()+"/subjects/nobody/versions/latest", ""); code != 404 || out["error_code"] != 40401.0 {
		t.Fatalf("an unknown subject: %d %v", code, out)
	}
	if code, _ := curl(t, "POST", r.URL()+"/subjects/a/versions", "{"); code != 422 {
		t.Fatalf("half a body: %d", code)
	}
	if code, _ := curl(t, "GET", r.URL()+"/", ""); code != 200 {
		t.Fatalf("the root, which health checks ask: %d", code)
	}
}

// Confluent's deserializers ask for an id together with <topic>-value, whatever subject it was registered under.
func TestRegistryGivesAnIDUnderAnySubject(t *testing.T) {
	r, _ := startRegistry(t, "")
	status, answer := curl(t, http.MethodPost, r.URL()+"/subjects/people.Person/versions", `{"schema":`+strconv.Quote(personV1)+`}`)
	if status != http.StatusOK {
		t.Fatal(status, answer)
	}
	id := fmt.Sprint(answer["id"])
	for path, want := range map[string]int{
		"/schemas/ids/" + id: 200, "/schemas/ids/" + id + "?subject=people-value": 200, "/schemas/ids/" + id + "?fetchMaxId=false&subject=people.Person": 200,
		"/schemas/ids/" + id + "?subject=:.elsewhere:people.Person": 404, "/schemas/ids/99?subject=people-value": 404,
	} {
		if status, answer := curl(t, http.MethodGet, r.URL()+path, ""); status != want {
			t.Errorf("GET %s: %d %v, want %d", path, status, answer, want)
		}
	}
}

func TestRegistryPortInUse(t *testing.T) {
	r, _ := startRegistry(t, "")
	if _, err := StartRegistry(t.Context(), RegistryConfig{Addr: r.Addr()}); !errors.Is(err, ErrPortInUse) {
		t.Fatalf("got %v", err)
	}
}
