// Package compose puts Throughline together and runs it: it is the composition root, and the only package that reads configuration.
//
// The two types that matter are Config, everything that can be set, and App, the running system: chosen roles, each a loop that blocks, joined by Run.
// Roles is the list of roles, one line each. Migrate prepares what roles need: topics, schemas, tables, first offsets, the first rule set.
//
// A role that returns an error ends the process, and with it all other roles of the process, because a supervisor that restarts the whole is simpler to
// reason about than one that guesses which part is still sound. Outages never get so far: the loops wait them out.
package compose
