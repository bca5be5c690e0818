package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/schemas"
)

func newSchemasCommand(a *app) *cobra.Command {
	return a.group("schemas", "What can happen: the events, their schemas, an example of each",
		&cobra.Command{Use: "list", Short: "List the events of the catalog", Args: noArguments, RunE: func(*cobra.Command, []string) error { return a.listSchemas() }},
		&cobra.Command{Use: "show TYPE", Short: "Print the Avro schema of an event", Args: oneEventType, ValidArgsFunction: completeTypes,
			RunE: func(_ *cobra.Command, args []string) error { return a.showSchema(args[0]) }},
		&cobra.Command{Use: "example TYPE", Short: "Print an event with every field filled, as publish takes it", Args: oneEventType, ValidArgsFunction: completeTypes,
			RunE: func(_ *cobra.Command, args []string) error { return a.showExample(args[0]) }},
		&cobra.Command{Use: "check", Short: "Ask whether this program's schemas may follow those in the registry; registers nothing", Args: noArguments,
			RunE: func(c *cobra.Command, _ []string) error { return a.checkSchemas(c) }},
	)
}

func oneEventType(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(fmt.Errorf("%s wants one event type: `throughline schemas list` prints them", c.CommandPath()))
	}
	if _, ok := schemas.Lookup(args[0]); !ok {
		return usage(fmt.Errorf("event type %q is not in the catalog: `throughline schemas list` prints them", args[0]))
	}
	return nil
}

func completeTypes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var types []string
	for _, e := range schemas.Catalog {
		types = append(types, e.Type)
	}
	return types, cobra.ShellCompDirectiveNoFileComp
}

// schemaLine is an event of the catalog.
type schemaLine struct {
	EventType string `json:"event_type"`
	Kind      string `json:"kind"`
	Publish   string `json:"publish"` // where a source publishes it, empty where none may
	Topic     string `json:"topic"`
	Owner     string `json:"owner"`
	Subject   string `json:"subject"`
}

func (a *app) listSchemas() error {
	var lines []schemaLine
	for _, e := range schemas.Catalog {
		_, subject, _ := schemas.SchemaText(e.Type)
		line := schemaLine{EventType: e.Type, Kind: kinds[e.Kind], Topic: e.Topic, Owner: e.Owner, Subject: subject}
		switch {
		case e.Kind == schemas.Reference:
			line.Publish = e.Topic
		case e.Kind == schemas.Fact && e.Topic == "":
			line.Topic, line.Publish = "its original's", "its original's"
		case e.Kind == schemas.Fact:
			line.Publish = schemas.IntakePrefix + e.Topic
		}
		lines = append(lines, line)
	}
	return a.print(lines, func(w io.Writer) {
		rows := make([][]string, len(lines))
		for i, l := range lines {
			rows[i] = []string{l.EventType, l.Kind, l.Publish, l.Topic, l.Owner}
		}
		table(w, []string{"event type", "kind", "published to", "read from", "owner"}, rows)
	})
}

var kinds = map[schemas.Kind]string{schemas.Fact: "fact", schemas.Derived: "derived", schemas.Reference: "reference", schemas.Internal: "internal"}

func (a *app) showSchema(eventType string) error {
	text, _, _ := schemas.SchemaText(eventType)
	return a.print(json.RawMessage(text), func(w io.Writer) {
		var b bytes.Buffer
		if json.Indent(&b, []byte(text), "", "  ") == nil {
			fmt.Fprintln(w, b.String())
		}
	})
}

func (a *app) showExample(eventType string) error {
	text, err := schemas.EventJSON(publishableExample(eventType))
	if err != nil {
		return err
	}
	return a.print(json.RawMessage(text), func(w io.Writer) {
		var b bytes.Buffer
		if json.Indent(&b, text, "", "  ") == nil {
			fmt.Fprintln(w, b.String())
		}
	})
}

// publishableExample is the example without what only we may say, so that a source may publish it.
func publishableExample(eventType string) schemas.Event {
	e := schemas.Example(eventType)
	unstamp(e.Header())
	if r, ok := e.(*schemas.InventoryReserved); ok {
		r.TransferID = "" // a reservation serves an order or a transfer: with every field filled it would serve none
	}
	return e
}

func (a *app) checkSchemas(c *cobra.Command) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	registry, err := cfg.SchemaRegistry()
	if err != nil {
		return usage(err)
	}
	if err := registry.CheckCompatible(c.Context()); err != nil {
		return err
	}
	n := len(schemas.Subjects())
	return a.print(map[string]any{"compatible": true, "schemas": n}, func(w io.Writer) {
		fmt.Fprintf(w, "%d schemas may follow what is registered at %s\n", n, cfg.Registry.URL)
	})
}
