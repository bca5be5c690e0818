package main

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// What `schemas example` prints of an event that a source may publish is taken by publish as it is.
func TestExamplesCanBePublished(t *testing.T) {
	for _, entry := range schemas.Catalog {
		if entry.Kind != schemas.Fact && entry.Kind != schemas.Reference {
			continue
		}
		e := publishableExample(entry.Type)
		if err := schemas.CheckContract(e); err != nil {
			t.Errorf("%s: %v", entry.Type, err)
		}
	}
}
