// Package cluster is the gossip member that a service process embeds: it joins the others, tells them what the process
// offers, and keeps the [membership.View] of what they offer.
//
// Whether a member lives is decided by SWIM (hashicorp/memberlist). What it offers travels beside that, as one record
// for each member, sent straight to every live member until it is acknowledged.
package cluster
