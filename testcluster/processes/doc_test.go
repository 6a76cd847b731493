// Package processes_test runs members as processes of their own, between network namespaces where the system has
// them. Its tests mostly wait, so they run beside those of package testcluster, which compute.
package processes_test
