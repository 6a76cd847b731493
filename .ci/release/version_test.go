package main

import (
	"slices"
	"strings"
	"testing"
)

func TestCheckVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		version string
		earlier []string
		refused string
	}{
		"first":                {"v0.1.0", nil, ""},
		"next":                 {"v0.10.0", []string{"v0.2.0", "v0.9.1"}, ""},
		"after a pre-release":  {"v0.2.0", []string{"v0.2.0-rc.1"}, ""},
		"pre-release":          {"v0.2.0-rc.2", []string{"v0.1.0", "v0.2.0-rc.1"}, ""},
		"v1":                   {"v1.0.0", []string{"v0.9.0"}, ""},
		"without v":            {"0.1.0", nil, "use the form"},
		"short":                {"v0.1", nil, "use the form"},
		"build metadata":       {"v0.1.0+a", nil, "use the form"},
		"v2":                   {"v2.0.0", nil, "no suffix /v2"},
		"the same again":       {"v0.1.0", []string{"v0.1.0"}, "v0.1.0 is tagged already"},
		"earlier":              {"v0.9.0", []string{"v0.10.0"}, "v0.10.0 is tagged already"},
		"an older pre-release": {"v0.2.0-rc.2", []string{"v0.2.0-rc.10"}, "v0.2.0-rc.10 is tagged already"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, checkVersion(tt.version, tt.earlier), tt.refused) })
	}
}

func TestMayBreak(t *testing.T) {
	for name, tt := range map[string]struct{ version, last, refused string }{
		"minor of v0":       {"v0.2.0", "v0.1.3", ""},
		"pre-release of it": {"v0.2.0-rc.1", "v0.1.3", ""},
		"to v1":             {"v1.0.0", "v0.9.0", ""},
		"patch of v0":       {"v0.1.1", "v0.1.0", "new minor version"},
		"minor of v1":       {"v1.1.0", "v1.0.0", "new major version"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, mayBreak(tt.version, tt.last), tt.refused) })
	}
}

func TestVersionsOf(t *testing.T) {
	tags := []string{"v0.1.0", "v0.2.0-rc.1", "nightly", "endpoint/grpcendpoint/v0.1.0", "endpoint/v0.3.0"}
	for folder, want := range map[string][]string{
		".":                     {"v0.1.0", "v0.2.0-rc.1"},
		"endpoint/grpcendpoint": {"v0.1.0"},
		"endpoint/none":         nil,
	} {
		if got := versionsOf(tags, folder); !slices.Equal(got, want) {
			t.Errorf("versionsOf(%s) = %q, want %q", folder, got, want)
		}
	}
	if got := lastRelease([]string{"v0.9.0", "v0.10.0", "v0.11.0-rc.1"}); got != "v0.10.0" {
		t.Errorf("lastRelease = %q, want v0.10.0", got)
	}
}

// wantError checks that err has the text want, or is nil where that is "".
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("the error is %v, want %q", err, want)
	}
}
