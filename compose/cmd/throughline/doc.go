// Command throughline runs the system and is what its operators work with.
//
// The type that matters is app: what the verbs share, opened at first use. newRoot makes the command tree over given streams, so that tests drive it in
// process; commands lists the verbs, and each stands in the file of its name. Data goes to stdout, everything else to stderr.
//
// Exit status: 0 done, 1 found something, 2 wrong use, 3 something needed cannot be reached (exit.go decides).
package main
