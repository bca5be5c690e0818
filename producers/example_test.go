package producers_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// A warehouse's service says what it shipped. The first ten lines of code are all that a team writes once.
func Example() {
	brokers, registryURL, stop := yourCluster()
	defer stop()
	ctx := context.Background()

	client, _ := sr.NewClient(sr.URLs(registryURL))
	registry := schemas.NewRegistry(client)
	ids, err := registry.Lookup(ctx) // the schemas that `throughline migrate` registered
	if err != nil {
		log.Fatal(err)
	}
	p, err := producers.New([]kgo.Opt{kgo.SeedBrokers(brokers...)}, schemas.NewCodec(registry, ids))
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close(ctx)

	two := schemas.NewDecimal(2, 0)
	e := &schemas.ShipmentShipped{
		Meta: schemas.Meta{
			LegalEntity: "ACME-US", OccurredAt: schemas.TimeOf(time.Date(2026, 3, 2, 16, 30, 0, 0, time.UTC)),
			Source: schemas.Source{System: "wms", Instance: "DC1", DocType: "shipment", DocID: "SH-1", Transition: "shipped"},
		},
		ShipmentID: "SH-1", OrderID: "SO-1001",
		Lines: []schemas.ShipmentLine{{
			LineID: "1", OrderLineID: "1", Stock: schemas.StockRef{SKU: "A", Location: "DC1"},
			Quantity: schemas.Quantity{Qty: two, UOM: "EA", BaseQty: two, BaseUOM: "EA"},
		}},
	}
	if err := p.Emit(ctx, e); err != nil {
		log.Fatal(err) // it says what to do; emitting again is always safe
	}
	fmt.Println(e.Meta.EventType, e.Meta.EventID)
	// Output: shipment.shipped d70dfc72-19bb-533c-aed2-8a9bd7bd7a2e
}

// yourCluster is a broker and a registry with Throughline's topics and schemas.
func yourCluster() (brokers []string, registryURL string, stop func()) {
	cluster := kfake.MustCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, schemas.IntakeTopics()...))
	registry := srfake.New()
	client, err := sr.NewClient(sr.URLs(registry.URL()))
	if err == nil {
		_, err = schemas.NewRegistry(client).Register(context.Background())
	}
	if err != nil {
		log.Fatal(err)
	}
	return cluster.ListenAddrs(), registry.URL(), func() { cluster.Close(); registry.Close() }
}
