// Package producers is how a system says what happened.
//
// The type that matters is Producer: Emit takes events and returns when the cluster has them for good, EmitAsync is the same in
// bulk. Each subfolder is one source system: its reader, and a pure mapping from its records to events.
//
//	p, err := producers.New([]kgo.Opt{kgo.SeedBrokers("kafka:9092")}, codec)
//	…
//	err = p.Emit(ctx, &schemas.ShipmentShipped{Meta: schemas.Meta{LegalEntity: "ACME-US", OccurredAt: when,
//		Source: schemas.Source{System: "wms", Instance: "DC1", DocType: "shipment", DocID: "SH-1", Transition: "shipped"}}, …})
//
// A source names its document and what happened to it; event id, type, topic, key and headers follow from that. So the same fact has
// the same id however often it is sent, and intake drops the copies: after an error, or when in doubt, emit again.
//
// Emit is not atomic over several events. When it returns an error, some of them may be there: emit all of them again.
package producers
