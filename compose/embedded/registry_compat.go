package embedded

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The registry behind us calls everything compatible. Here the subject's level decides which of its versions count and in
// which direction, as Confluent's registry does, and the caller's function compares the schemas.

// check answers the compatibility endpoint, against one version or against those that the level asks for.
func (r *Registry) check(w http.ResponseWriter, req *http.Request) {
	schema, err := readSchema(w, req)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
		return
	}
	subject, version := req.PathValue("subject"), req.PathValue("version")
	r.mu.RLock()
	defer r.mu.RUnlock()
	if version != "" && version != "latest" {
		if rec := r.ask(http.MethodGet, subjectPath(subject)+"/versions/"+url.PathEscape(version), nil); rec.Code != http.StatusOK {
			pass(w, rec)
			return
		}
	}
	result := map[string]any{"is_compatible": true}
	if err := r.fits(subject, schema, version); err != nil {
		result = map[string]any{"is_compatible": false}
		if req.URL.Query().Get("verbose") == "true" {
			result["messages"] = []string{err.Error()}
		}
	}
	replyJSON(w, http.StatusOK, result)
}

// fits says whether a schema may follow what the subject holds; version narrows the comparison to one version. Schemas
// that are not Avro or refer to others are not compared: the project has none.
func (r *Registry) fits(subject string, schema schemaBody, version string) error {
	level, transitive := strings.CutSuffix(r.level(subject), "_TRANSITIVE")
	if r.compatible == nil || !schema.avro() || level == "NONE" {
		return nil
	}
	var writers []string
	for _, v := range r.versions(subject, version, transitive) {
		old, ok := r.fake.GetSchema(subject, v)
		if ok && len(old.References) == 0 {
			writers = append(writers, old.Schema.Schema)
		}
	}
	if level == "BACKWARD" || level == "FULL" {
		if err := r.compatible(schema.Schema, writers); err != nil {
			return fmt.Errorf("the new schema cannot read what an earlier one wrote: %w", err)
		}
	}
	if level == "FORWARD" || level == "FULL" {
		for _, old := range writers {
			if err := r.compatible(old, []string{schema.Schema}); err != nil {
				return fmt.Errorf("an earlier schema cannot read what the new one writes: %w", err)
			}
		}
	}
	return nil
}

// level is the subject's compatibility level, or the registry's where the subject has none.
func (r *Registry) level(subject string) string {
	var config struct {
		Level string `json:"compatibilityLevel"`
	}
	rec := r.ask(http.MethodGet, "/config/"+url.PathEscape(subject), nil)
	if json.Unmarshal(rec.Body.Bytes(), &config) != nil || config.Level == "" {
		return "BACKWARD"
	}
	return config.Level
}

// versions are those to compare with: the named one, or the latest, or all where the level is transitive.
func (r *Registry) versions(subject, only string, all bool) []int {
	if v, err := strconv.Atoi(only); err == nil {
		return []int{v}
	}
	var versions []int
	rec := r.ask(http.MethodGet, subjectPath(subject)+"/versions", nil)
	if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &versions) != nil || len(versions) == 0 {
		return nil
	}
	if all && only == "" {
		return versions
	}
	return versions[len(versions)-1:]
}
