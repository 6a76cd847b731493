// Package cluster is the gossip member that a service process embeds: it joins the others, tells them what the process
// offers, and keeps the [membership.View] of what they offer.
//
// Whether a member lives is decided by SWIM (hashicorp/memberlist). What it offers travels beside that, as one record
// for each member, sent straight to every live member until it is acknowledged, in a large cluster by way of relays. What
// does not arrive all the same, because its owner is gone or cannot reach everybody, is found out by comparing digests, and
// comes from those who have it. A node goes on looking for its seeds and for those it has lost for as long as it lives.
//
// How busy a process is does not travel by gossip, where it would be out of date: callers ask for it, see [Node.ReportLoad].
//
// docs/operations.md is for the operator of members, and docs/architecture.md for the reader of this code.
package cluster
