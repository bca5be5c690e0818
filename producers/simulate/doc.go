// Package simulate is a seeded company: what its systems say, and what must come of it.
//
// The type that matters is Company. Reference is its master data, Events what its shops, warehouses, billing, processors and banks
// publish, in a plausible order of time; both are functions of Config alone: no clock, no randomness but the seed. Expected is
// the outcome: balances by account and month, stock by SKU and location. It comes from simulate/oracle, a second and simpler calculation
// with its own arithmetic, so that it shares no mistake with the pipeline that it judges.
//
// The events are as real sources send them: a warehouse names no price, tax or cost, billing names the shipment and no amounts.
//
// Documents and Threads group what must keep its order; Interleave shuffles the rest, delivers twice and late, and Overlap
// gives two producers that share documents. Life is one complete order for load tests, and Trickle lets orders come for ever, at
// instants that its caller gives.
package simulate
