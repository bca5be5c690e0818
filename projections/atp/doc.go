// Package atp folds stock deltas to stock positions: per SKU and location the sum of its deltas, whatever the order of arrival (invariant I5).
//
// Projection is the fold. It emits one position per changed key and transaction, however many deltas the transaction held. Positions are not clamped:
// a negative bucket is a fact about the order of arrival or about the warehouse, and whoever shows it decides what to do (domain.md §3.3).
package atp
